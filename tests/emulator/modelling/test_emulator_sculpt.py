import contextlib
import io
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from emulator.emulator_serving import ball, encoded
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.emulator.modelling.glb import pack
from pipeline.emulator.modelling.picture import PictureError, check
from pipeline.emulator.modelling.sculpt import NothingToModelError, sculpt

TYPES = {5126: np.float32, 5121: np.uint8, 5123: np.uint16, 5125: np.uint32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def made(image: bytes, mask: bytes | None = None, **asked: Any) -> bytes:
    usual = {"points": (), "box": None, "seed": 1}
    prompt = asked.pop("prompt", None)
    asked = usual | asked
    return pack(sculpt(image, mask, **asked), {"seed": asked["seed"], "prompt": prompt})


def opened(glb: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<4sII", glb)
    assert (magic, version, length) == (b"glTF", 2, len(glb))
    size, kind = struct.unpack_from("<I4s", glb, 12)
    assert (kind, size % 4) == (b"JSON", 0)
    rest, kind = struct.unpack_from("<I4s", glb, 20 + size)
    assert (kind, rest % 4, 28 + size + rest) == (b"BIN\0", 0, len(glb))
    return json.loads(glb[20 : 20 + size]), glb[28 + size :]


def accessors(document: dict[str, Any], binary: bytes) -> list[NDArray[Any]]:
    found = []
    for accessor in document["accessors"]:
        view = document["bufferViews"][accessor["bufferView"]]
        width = WIDTHS[accessor["type"]]
        count = accessor["count"] * width
        kind = np.dtype(TYPES[accessor["componentType"]])
        assert view["byteOffset"] % 4 == 0
        assert count * kind.itemsize == view["byteLength"]
        found.append(np.frombuffer(binary, kind, count, view["byteOffset"]).reshape(-1, width))
    return found


def noisy(kind: str = "PNG") -> bytes:
    """A picture whose background is not plain, so that GrabCut must choose."""
    grain = np.random.default_rng(2).integers(0, 90, (60, 90, 3)).astype(np.uint8)
    picture = Image.fromarray(grain)
    ImageDraw.Draw(picture).ellipse((25, 15, 65, 50), (230, 200, 40))
    return encoded(picture, kind)


@pytest.mark.parametrize("picture", [ball(), ball(kind="JPEG"), noisy(), noisy("WEBP")])
def test_the_model_is_closed_unit_sized_and_sound(picture: bytes) -> None:
    document, binary = opened(made(picture))
    positions, normals, coordinates, colours, indices = accessors(document, binary)
    triangles = indices.reshape(-1, 3).astype(np.int64)
    assert 2_000 <= len(triangles) <= 85_000
    assert triangles.max() == len(positions) - 1
    directed = np.concatenate([triangles[:, [n, (n + 1) % 3]] for n in range(3)])
    keys = directed @ np.array([len(positions), 1])
    assert len(np.unique(keys)) == len(keys)
    assert set(keys.tolist()) == set((directed[:, ::-1] @ np.array([len(positions), 1])).tolist())
    low, high = positions.min(0), positions.max(0)
    assert document["accessors"][0]["min"] == low.tolist()
    assert document["accessors"][0]["max"] == high.tolist()
    assert (high - low)[:2].max() == pytest.approx(1, abs=1e-5)
    assert np.allclose((high + low)[:2], 0, atol=1e-5)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-4)
    assert 0 <= coordinates.min() <= coordinates.max() <= 1
    assert (colours[:, 3] == 255).all()


def test_the_texture_is_a_small_jpeg_without_background() -> None:
    document, binary = opened(made(ball("red", size=256)))
    view = document["bufferViews"][document["images"][0]["bufferView"]]
    start = view["byteOffset"]
    texture = Image.open(io.BytesIO(binary[start : start + view["byteLength"]]))
    assert texture.format == "JPEG"
    assert max(texture.size) <= 1024
    pixels = np.asarray(texture).reshape(-1, 3).astype(int)
    assert np.abs(pixels - [255, 0, 0]).max() < 25


def test_the_file_says_that_it_is_no_work_of_the_service() -> None:
    document, _ = opened(made(ball(), seed=77, prompt="ball"))
    assert "local emulator" in document["asset"]["generator"]
    assert "not SAM 3D Objects" in document["asset"]["generator"]
    assert document["asset"]["extras"] == {"seed": 77, "prompt": "ball"}


def test_equal_requests_give_equal_bytes_and_another_seed_another_depth() -> None:
    first, second = accessors(*opened(made(ball(), seed=1))), made(ball(), seed=2)
    assert made(ball(), seed=1) == made(ball(), seed=1) != second
    other = accessors(*opened(second))
    assert (first[0][:, :2] == other[0][:, :2]).all()
    assert 0 < np.abs(first[0][:, 2] - other[0][:, 2]).max() < 0.2


def test_threads_do_not_disturb_each_other() -> None:
    pictures = [noisy(), ball(), noisy("JPEG")] * 4
    alone = [made(picture) for picture in pictures[:3]] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(made, pictures)) == alone


def test_hints_are_in_pixels_of_the_picture_as_sent() -> None:
    """Large enough to be reduced twice: 2048 for the texture, 512 for the outline."""
    picture = Image.new("RGB", (2400, 1200), "grey")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 200, 600, 1000), "red")  # 400 wide, 800 high
    draw.rectangle((1200, 400, 2200, 800), "blue")  # 1000 wide, 400 high
    image = encoded(picture, "JPEG")
    tall, wide = (100, 100, 700, 1100), (1100, 300, 2300, 900)
    for box, ratio in ((tall, 2.0), (wide, 0.4)):
        positions = accessors(*opened(made(image, box=box)))[0]
        size = positions.max(0) - positions.min(0)
        assert size[1] / size[0] == pytest.approx(ratio, rel=0.1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_taken(mode: str) -> None:
    picture = Image.open(io.BytesIO(ball()))
    grey = np.asarray(picture.convert("L"), np.uint16) * 257
    image = encoded(Image.fromarray(grey) if mode == "I;16" else picture.convert(mode))
    assert check("image", image) == (64, 64)
    assert made(image).startswith(b"glTF")


def test_cmyk_is_taken() -> None:
    image = encoded(Image.new("CMYK", (32, 32), (0, 90, 90, 0)), "JPEG")
    assert made(image).startswith(b"glTF")


def test_a_mask_is_read_by_its_last_channel() -> None:
    right = Image.new("RGB", (64, 64), (255, 255, 0))  # red and green do not count
    ImageDraw.Draw(right).rectangle((40, 8, 55, 55), (0, 0, 255))  # 16 wide, 48 high
    positions = accessors(*opened(made(ball(), encoded(right))))[0]
    size = positions.max(0) - positions.min(0)
    assert size[1] / size[0] == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    ("mask", "asked", "words"),
    [
        (Image.new("L", (64, 64)), {}, "No object"),
        (Image.new("L", (64, 63), 255), {}, "same size"),
        (None, {"box": (90, 90, 99, 99)}, "No object"),
        (None, {"points": ((64, 64),)}, "No object"),
    ],
)
def test_where_hints_leave_nothing_it_is_said(
    mask: Image.Image | None, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(NothingToModelError, match=words):
        made(ball(), None if mask is None else encoded(mask), **asked)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 400), (3000, 2)])
def test_odd_sizes_give_a_model_or_a_reason(size: tuple[int, int]) -> None:
    with contextlib.suppress(NothingToModelError):
        assert made(encoded(Image.new("RGB", size, "red"))).startswith(b"glTF")


def test_clear_alpha_is_the_outline_and_full_alpha_is_none() -> None:
    picture = Image.open(io.BytesIO(ball())).convert("RGBA")
    opaque = made(encoded(picture))
    assert opaque == made(ball())
    picture.paste((0, 0, 0, 0), (0, 0, 64, 32))  # the upper half of the ball goes
    positions = accessors(*opened(made(encoded(picture))))[0]
    size = positions.max(0) - positions.min(0)
    assert size[1] / size[0] == pytest.approx(0.5, rel=0.1)


NO_PICTURES = {
    "nothing": (b"", "not a valid"),
    "a head alone": (ball()[:60], "not a valid"),
    "a cut JPEG": (ball(kind="JPEG")[:-300], "not a valid"),
    "another format": (encoded(Image.new("1", (9, 9)), "BMP"), "not a valid"),
    "40.008 megapixels": (encoded(Image.new("1", (8_000, 5_001))), "more than 40 megapixels"),
    "100 megapixels": (encoded(Image.new("1", (10_000, 10_000))), "more than 40 megapixels"),
    "400 megapixels": (encoded(Image.new("1", (20_000, 20_000))), "more than 40 megapixels"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_no_picture_or_too_much_of_one_is_refused(name: str) -> None:
    image, words = NO_PICTURES[name]
    with pytest.raises(PictureError, match=words):
        check("image", image)
