import hashlib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import (
    BLUE,
    GREEN,
    HEIGHT,
    RED,
    SRGB,
    WHITE,
    WIDTH,
    mode_of,
    pixels,
    prepared,
    quarters,
    saved,
    turned,
    wide_gamut,
)
from PIL import Image

from pipeline.errors import InputError
from pipeline.inputs import prepare, survey
from pipeline.inputs.prepare import LARGEST_BODY_PART
from pipeline.model import Job

CORNERS = (RED, GREEN, BLUE, WHITE)
STORED_AS = {  # EXIF 2.32, tag 0x0112: what undoes the camera's turn, as Pillow names the inverse
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def corners(data: bytes) -> list[tuple[int, ...]]:
    seen = pixels(data)
    return [tuple(map(int, seen[y, x][:3])) for y in (1, -2) for x in (1, -2)]


def near(data: bytes, wanted: tuple[tuple[int, ...], ...], by: int) -> bool:
    return bool(np.abs(np.array(corners(data)) - np.array(wanted)).max() <= by)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "icc_profile": SRGB}),
        ("JPEG", {"quality": 95, "exif": turned(1)}),
        ("PNG", {}),
        ("PNG", {"icc_profile": SRGB}),
    ],
)
def test_a_picture_that_is_right_goes_out_byte_for_byte(
    tmp_path: Path, form: str, options: dict[str, Any]
) -> None:
    data = saved(quarters(), form, **options)
    assert prepared(tmp_path, data).image == data


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_goes_out_upright_and_its_size_is_told_so(
    tmp_path: Path, form: str, orientation: int
) -> None:
    picture = quarters()
    if orientation > 1:
        picture = picture.transpose(STORED_AS[orientation])
    options = {"lossless": True} if form == "WEBP" else {"quality": 95} if form == "JPEG" else {}
    data = saved(picture, form, exif=turned(orientation), **options)
    ready = prepared(tmp_path, data)
    assert near(ready.image, CORNERS, by=12)
    assert pixels(ready.image).shape == (HEIGHT, WIDTH, 3)
    seen = survey(Job("a", "image"), tmp_path)
    assert (seen.width, seen.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, orientation: int) -> None:
    data = saved(quarters(), "PNG", exif=turned(orientation))
    assert near(prepared(tmp_path, data).image, CORNERS, by=0)


def test_damaged_exif_turns_nothing(tmp_path: Path) -> None:
    data = saved(quarters(), "JPEG", quality=95, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert prepared(tmp_path, data).image == data
    assert survey(Job("a", "image"), tmp_path).width == WIDTH


def ramp16() -> "np.ndarray[Any, np.dtype[np.uint16]]":
    return np.linspace(0, 65535, WIDTH * HEIGHT).astype(np.uint16).reshape(HEIGHT, WIDTH)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bit_gray_keeps_its_high_byte(tmp_path: Path, form: str) -> None:
    data = saved(Image.fromarray(ramp16()), form)
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("PNG", "RGB")
    assert (pixels(image) == (ramp16() >> 8).astype(np.int16)[..., None]).all()


def test_sixteen_bit_colour_is_no_picture_that_is_right(tmp_path: Path) -> None:
    data = sixteen_bit_png()
    image = prepared(tmp_path, data).image
    assert image != data
    assert image[24] == 8  # bits a channel
    assert (pixels(image) == (0x12, 0x80, 0xFF)).all()


def sixteen_bit_png() -> bytes:
    """Give a PNG of four pixels 0x1234, 0x80ff, 0xffff, which Pillow cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        )

    row = b"\x00" + 2 * bytes.fromhex("1234 80ff ffff")
    header = (2).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(2 * row))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("mode", ["I", "F"])
def test_thirty_two_bits_a_pixel_are_refused(tmp_path: Path, mode: str) -> None:
    with pytest.raises(InputError, match="save it with 8 or 16 bits"):
        prepared(tmp_path, saved(Image.new(mode, (9, 9), 7), "TIFF"))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("profile", [None, SRGB, b"no profile"])
def test_grayscale_goes_out_as_rgb(tmp_path: Path, form: str, profile: bytes | None) -> None:
    options = {} if profile is None or form in {"BMP", "GIF"} else {"icc_profile": profile}
    image = prepared(tmp_path, saved(Image.new("L", (9, 9), 90), form, **options)).image
    assert mode_of(image)[1] == "RGB"
    assert np.abs(pixels(image) - 90).max() <= 1


def test_black_and_white_goes_out_as_rgb(tmp_path: Path) -> None:
    image = prepared(tmp_path, saved(Image.new("1", (9, 9), 1), "PNG")).image
    assert mode_of(image) == ("PNG", "RGB")
    assert (pixels(image) == 255).all()


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_goes_out_as_its_colours(tmp_path: Path, form: str) -> None:
    data = saved(quarters().quantize(4), form)
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("PNG", "RGB")
    assert near(image, CORNERS, by=1)


def test_a_palettes_transparency_becomes_alpha(tmp_path: Path) -> None:
    palette = quarters().quantize(4)
    hidden = palette.getpixel((0, 0))
    image = prepared(tmp_path, saved(palette, "PNG", transparency=hidden)).image
    assert mode_of(image) == ("PNG", "RGBA")
    alpha = pixels(image)[..., 3]
    assert (alpha[: HEIGHT // 2, : WIDTH // 2] == 0).all()
    assert (alpha == 0).sum() == WIDTH * HEIGHT // 4


def test_a_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    image = prepared(tmp_path, saved(quarters(), "PNG", transparency=RED)).image
    assert mode_of(image) == ("PNG", "RGBA")
    assert (pixels(image)[..., 3] == 0).sum() == WIDTH * HEIGHT // 4


def with_alpha(mode: str, *values: int) -> Image.Image:
    picture = Image.new(mode.removesuffix("A") or "L", (len(values), 2), 0).convert(mode)
    alpha = Image.fromarray(np.array([values, values], np.uint8))
    picture.putalpha(alpha)
    return picture


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_a_soft_alpha_becomes_hard_at_half(tmp_path: Path, mode: str, form: str) -> None:
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    data = saved(with_alpha(mode, 0, 1, 127, 128, 255), form, **options)
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("PNG", "RGBA")
    assert pixels(image)[..., 3].tolist() == [[0, 0, 0, 255, 255]] * 2


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_alpha_that_says_nothing_is_left_out(tmp_path: Path, mode: str) -> None:
    image = prepared(tmp_path, saved(with_alpha(mode, 255, 200, 128), "PNG")).image
    assert mode_of(image) == ("PNG", "RGB")


def test_a_picture_without_a_visible_pixel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="image: the picture is transparent all over"):
        prepared(tmp_path, saved(with_alpha("RGBA", 0, 1, 127), "PNG"))


@pytest.mark.parametrize("profile", [None, SRGB, b"no profile"])
@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_goes_out_as_rgb(tmp_path: Path, form: str, profile: bytes | None) -> None:
    # ink 0, 255, 255, 0 is pure red; Pillow writes and reads JPEG's CMYK inverted, as Adobe does;
    # an RGB profile cannot speak of ink, and is left out
    options: dict[str, Any] = {} if profile is None else {"icc_profile": profile}
    if form == "JPEG":
        options["quality"] = 100
    data = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), form, **options)
    image = prepared(tmp_path, data).image
    assert mode_of(image)[1] == "RGB"
    assert np.abs(pixels(image) - (255, 0, 0)).max() <= 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_of_other_colours_is_applied_whatever_the_mode(tmp_path: Path, mode: str) -> None:
    picture = quarters().quantize(4) if mode == "P" else quarters().convert(mode)
    data = saved(picture, "PNG", icc_profile=wide_gamut())
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("PNG", "RGB")
    assert b"iCCP" not in image
    top_left, top_right, _, white = corners(image)
    assert top_left[1] > top_left[0]  # its red is green, and its green is red
    assert top_right[0] > top_right[1]
    assert min(white) >= 248  # white stays white


@pytest.mark.parametrize("profile", [b"x", b"\x00" * 200, SRGB[:300], SRGB[:-10] + bytes(10)])
def test_a_broken_profile_leaves_colours_as_they_are(tmp_path: Path, profile: bytes) -> None:
    image = prepared(tmp_path, saved(quarters(), "PNG", icc_profile=profile)).image
    assert near(image, CORNERS, by=3)


def test_of_a_film_the_first_picture_goes_out(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), BLUE)]
    for form in ("GIF", "WEBP", "PNG", "TIFF"):
        options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
        data = saved(
            Image.new("RGB", (9, 9), RED), form, save_all=True, append_images=frames, **options
        )
        image = prepared(tmp_path, data).image
        assert image != data
        assert np.abs(pixels(image) - RED).max() <= 6


def test_of_a_cameras_pair_of_pictures_the_first_goes_out(tmp_path: Path) -> None:
    second = Image.new("RGB", (WIDTH, HEIGHT), BLUE)
    data = saved(quarters(), "MPO", save_all=True, append_images=[second], quality=95)
    assert mode_of(data) == ("MPO", "RGB")
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("JPEG", "RGB")
    assert near(image, CORNERS, by=12)


def test_a_large_jpeg_that_is_right_is_not_made_larger(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (3000, 3000, 3), np.uint8)
    data = saved(Image.fromarray(noise), "JPEG", quality=75)
    assert len(data) > LARGEST_BODY_PART
    assert prepared(tmp_path, data).image == data  # at 95 it would have about twice the bytes


def test_a_large_png_goes_out_as_jpeg(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (1400, 1400, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), "PNG", compress_level=0)
    assert len(data) > LARGEST_BODY_PART
    image = prepared(tmp_path, data).image
    assert mode_of(image) == ("JPEG", "RGB")
    assert len(image) < LARGEST_BODY_PART
    assert np.abs(pixels(image) - noise).mean() < 8


def test_the_sources_hashes_are_told_as_the_survey_tells_them(tmp_path: Path) -> None:
    image = saved(quarters(), "TIFF")
    mask = saved(Image.new("L", (WIDTH, HEIGHT), 255), "TIFF")
    ready = prepared(tmp_path, image, mask)
    seen = survey(Job("a", "image", mask="mask"), tmp_path)
    assert ready.image_sha256 == seen.image_sha256 == hashlib.sha256(image).hexdigest()
    assert ready.mask_sha256 == seen.mask_sha256 == hashlib.sha256(mask).hexdigest()


def test_without_a_mask_there_is_none(tmp_path: Path) -> None:
    ready = prepared(tmp_path, saved(quarters(), "PNG"))
    assert (ready.mask, ready.mask_sha256) == (None, None)


def test_a_job_that_names_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jpg: no such file"):
        prepare(Job("a", "gone.jpg"), tmp_path)
