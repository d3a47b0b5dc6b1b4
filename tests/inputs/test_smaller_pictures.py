"""Pictures above `max_side` go out smaller, whatever they are; all others as they did."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import (
    BLUE,
    GREEN,
    RED,
    SRGB,
    WHITE,
    mode_of,
    pixels,
    prepared,
    saved,
    turned,
    wide_gamut,
)
from PIL import Image

from pipeline.inputs import Scale
from pipeline.inputs.prepare import LARGEST_BODY_PART

WIDTH, HEIGHT, MOST = 1200, 801, 512
SENT = (512, 342)  # 801 · 512 / 1200 = 341.8
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters() -> Image.Image:
    """Red, green / blue, white."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), RED)
    picture.paste(GREEN, (WIDTH // 2, 0, WIDTH, HEIGHT // 2))
    picture.paste(BLUE, (0, HEIGHT // 2, WIDTH // 2, HEIGHT))
    picture.paste(WHITE, (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    return picture


def has_quarters(data: bytes, by: int) -> bool:
    seen = pixels(data)[..., :3]
    found = [seen[y, x] for y in (60, -60) for x in (60, -60)]
    return bool(np.abs(np.array(found) - (RED, GREEN, BLUE, WHITE)).max() <= by)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def with_alpha() -> Image.Image:
    picture = quarters()
    picture.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    return picture


INK = quarters().convert("CMYK")
MODES: dict[str, tuple[bytes, int]] = {
    "JPEG": (saved(quarters(), "JPEG", quality=95), 8),
    "progressive JPEG": (saved(quarters(), "JPEG", quality=95, progressive=True), 8),
    "CMYK JPEG": (saved(INK, "JPEG", quality=95), 12),
    "PNG": (saved(quarters(), "PNG"), 8),
    "palette": (saved(quarters().quantize(4), "PNG"), 8),
    "palette GIF": (saved(quarters().quantize(4), "GIF"), 8),
    "RGBA": (saved(with_alpha(), "PNG"), 2),
    "CMYK TIFF": (saved(INK, "TIFF"), 8),
    "WEBP": (saved(quarters(), "WEBP", lossless=True), 8),
    "BMP": (saved(quarters(), "BMP"), 8),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_large_picture_goes_out_smaller(tmp_path: Path, mode: str) -> None:
    data, by = MODES[mode]
    ready = prepared(tmp_path, data, max_side=MOST)
    assert size_of(ready.image) == SENT
    assert has_quarters(ready.image, by)
    assert mode_of(ready.image) == (("PNG", "RGBA") if mode == "RGBA" else ("JPEG", "RGB"))
    assert ready.sent.scale == Scale((WIDTH, HEIGHT), SENT)


@pytest.mark.parametrize("mode", MODES)
def test_equal_inputs_make_equal_bytes_whose_hash_is_told(tmp_path: Path, mode: str) -> None:
    ready, again = (prepared(tmp_path, MODES[mode][0], max_side=MOST) for _ in range(2))
    assert ready == again
    assert ready.image_sha256 == hashlib.sha256(MODES[mode][0]).hexdigest()
    assert ready.sent.image_sha256 == hashlib.sha256(ready.image).hexdigest()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("most", [MOST, 600])
def test_a_turned_picture_goes_out_upright_and_smaller(
    tmp_path: Path, form: str, orientation: int, most: int
) -> None:
    picture = quarters()
    if orientation > 1:
        picture = picture.transpose(STORED_AS[orientation])
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    data = saved(picture, form, exif=turned(orientation), **options)
    image = prepared(tmp_path, data, max_side=most).image
    assert size_of(image) == (SENT if most == MOST else (600, 400))  # 801 / 2 = 400.5, to even
    assert has_quarters(image, by=12)


def test_sixteen_bits_and_grayscale_are_made_smaller_by_their_high_byte(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, WIDTH).astype(np.uint16)[None].repeat(HEIGHT, 0)
    image = prepared(tmp_path, saved(Image.fromarray(ramp), "PNG"), max_side=MOST).image
    wanted = np.linspace(0, 255, SENT[0])[None, :, None]
    assert np.abs(pixels(image) - wanted).max() <= 3
    gray = saved(Image.new("L", (WIDTH, HEIGHT), 90), "JPEG")
    assert np.abs(pixels(prepared(tmp_path, gray, max_side=MOST).image) - 90).max() <= 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_a_profile_is_applied_to_the_smaller_picture(tmp_path: Path, form: str) -> None:
    data = saved(quarters(), form, icc_profile=wide_gamut())
    large, small = (prepared(tmp_path, data, max_side=most).image for most in (None, MOST))
    for x, y in ((60, 60), (-60, 60), (60, -60)):
        assert np.abs(pixels(large)[y, x] - pixels(small)[y, x]).max() <= 8
    assert b"ICC_PROFILE" not in small


def test_a_profile_is_applied_to_a_smaller_picture_with_alpha(tmp_path: Path) -> None:
    data = saved(with_alpha(), "PNG", icc_profile=wide_gamut())
    seen = pixels(prepared(tmp_path, data, max_side=MOST).image)
    assert seen[-60, -60].min() >= 248  # white stays white
    assert seen[60, 60, 1] > seen[60, 60, 0]  # its red is green


def test_an_alpha_whose_last_hole_is_lost_is_left_out(tmp_path: Path) -> None:
    picture = quarters()
    picture.putalpha(255)
    picture.putpixel((900, 100), (*GREEN, 0))
    assert mode_of(prepared(tmp_path, saved(picture, "PNG"), max_side=MOST).image)[1] == "RGB"


def test_alpha_stays_hard_and_lies_where_it_lay(tmp_path: Path) -> None:
    image = prepared(tmp_path, saved(with_alpha(), "PNG"), max_side=MOST).image
    alpha = pixels(image)[..., 3]
    assert set(np.unique(alpha)) == {0, 255}
    assert abs(int((alpha[:, 0] == 0).sum()) - SENT[1] // 2) <= 2  # the gradient's middle


def test_an_alpha_that_shows_one_pixel_still_shows_one(tmp_path: Path) -> None:
    picture = quarters()
    picture.putalpha(0)
    picture.putpixel((900, 100), (*GREEN, 255))
    alpha = pixels(prepared(tmp_path, saved(picture, "PNG"), max_side=MOST).image)[..., 3]
    assert np.argwhere(alpha).tolist() == [[42, 384]]  # 100 · 342 / 801 = 42.7, 900 · 512 / 1200


@pytest.mark.parametrize("most", [MOST, 1199, 1200, None])
def test_a_mask_has_the_size_of_the_picture_that_is_sent(tmp_path: Path, most: int | None) -> None:
    mask = Image.new("L", (WIDTH, HEIGHT))
    mask.paste(255, (300, 200, 900, 600))
    ready = prepared(tmp_path, MODES["PNG"][0], saved(mask, "PNG"), max_side=most)
    assert ready.mask is not None
    assert size_of(ready.mask) == size_of(ready.image) == ready.sent.scale.sent
    assert mode_of(ready.mask) == ("PNG", "L")
    assert set(np.unique(pixels(ready.mask))) == {0, 255}
    assert pixels(ready.mask).mean() == pytest.approx(255 * 600 * 400 / WIDTH / HEIGHT, rel=0.01)
    assert ready.sent.mask_sha256 == hashlib.sha256(ready.mask).hexdigest()


def test_a_turned_mask_fits_the_turned_picture(tmp_path: Path) -> None:
    mask = Image.new("L", (WIDTH, HEIGHT))
    mask.paste(255, (0, 0, WIDTH // 2, HEIGHT // 2))
    lying = [each.transpose(STORED_AS[6]) for each in (quarters(), mask)]
    image, drawn = (saved(each, "PNG", exif=turned(6)) for each in lying)
    ready = prepared(tmp_path, image, drawn, max_side=MOST)
    assert ready.mask is not None
    red = pixels(ready.image)[pixels(ready.mask) == 255]
    assert np.abs(np.median(red, axis=0) - RED).max() <= 8
    assert len(red) == pytest.approx(SENT[0] * SENT[1] / 4, rel=0.02)


def test_points_and_box_are_those_of_the_picture_that_is_sent(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "point_coords": ((1199, 800), (600.0, 400.5)),
        "bounding_box": (600, 0, 1200, 801),
    }
    sent = prepared(tmp_path, MODES["JPEG"][0], max_side=MOST, **fields).sent.job
    follow: tuple[Any, Any] = ((511, 341), (256, 171)), (256, 0, 512, 342)
    assert (sent.point_coords, sent.bounding_box) == follow
    kept = prepared(tmp_path, MODES["JPEG"][0], max_side=WIDTH, **fields).sent.job
    assert kept.point_coords == fields["point_coords"]
    assert kept.bounding_box == fields["bounding_box"]


@pytest.mark.parametrize("most", [None, WIDTH, 2048])
@pytest.mark.parametrize(
    "data", [saved(quarters(), form, icc_profile=SRGB) for form in ("JPEG", "PNG")]
)
def test_a_picture_small_enough_goes_out_byte_for_byte(
    tmp_path: Path, data: bytes, most: int | None
) -> None:
    ready = prepared(tmp_path, data, max_side=most)
    assert ready.image == data
    assert ready.sent.image_sha256 == ready.image_sha256
    assert ready.sent.scale.is_one


def test_a_picture_of_too_many_bytes_is_not_tried_as_png_once_it_is_smaller(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (1500, 1500, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), "TIFF")
    image = prepared(tmp_path, data, max_side=1400).image
    assert mode_of(image) == ("JPEG", "RGB")
    assert len(image) < LARGEST_BODY_PART
