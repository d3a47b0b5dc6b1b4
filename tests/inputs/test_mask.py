from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import HEIGHT, WIDTH, mode_of, pixels, prepared, quarters, saved, turned
from PIL import Image

from pipeline.errors import InputError
from pipeline.inputs import survey
from pipeline.model import Job

LEFT = np.zeros((HEIGHT, WIDTH), np.uint8)
LEFT[:, : WIDTH // 2] = 255
PICTURE = saved(quarters(), "PNG")


def drawn(array: NDArray[Any], **options: Any) -> bytes:
    return saved(Image.fromarray(array), options.pop("form", "PNG"), **options)


def colour(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return (LEFT[..., None] // 255 * np.array([red, green, blue], np.uint8)).astype(np.uint8)


def rgba(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([grey, grey, grey, alpha])


FULL = np.full_like(LEFT, 255)
NONE = np.zeros_like(LEFT)
MASKS = {
    "gray": drawn(LEFT),
    "gray, soft": drawn(np.where(LEFT == 255, 128, 127).astype(np.uint8)),
    "one bit": saved(Image.fromarray(LEFT).convert("1"), "PNG"),
    "16 bits": drawn(LEFT.astype(np.uint16) * 257),
    "16 bits TIFF": drawn(LEFT.astype(np.uint16) * 257, form="TIFF"),
    "palette": saved(Image.fromarray(LEFT).convert("P"), "PNG"),
    "white on black": drawn(colour(255, 255, 255)),
    "red on black": drawn(colour(255, 0, 0)),
    "blue on black": drawn(colour(0, 0, 255)),
    "gray and opaque": saved(Image.fromarray(LEFT).convert("LA"), "PNG"),
    "white and black, opaque": drawn(rgba(LEFT, FULL)),
    "white on nothing": drawn(rgba(FULL, LEFT)),
    "black on nothing": drawn(rgba(NONE, LEFT)),
    "a cut-out photo": drawn(rgba((LEFT // 5).astype(np.uint8), LEFT)),
    "a transparent gray": drawn(LEFT, transparency=0),
    "JPEG": drawn(LEFT, form="JPEG", quality=95),
    "turned by EXIF": saved(
        Image.fromarray(LEFT).transpose(Image.Transpose.ROTATE_90), "PNG", exif=turned(6)
    ),
    "turned TIFF": saved(
        Image.fromarray(LEFT).transpose(Image.Transpose.ROTATE_90), "TIFF", exif=turned(6)
    ),
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_goes_out_as_one_channel_of_0_and_255(tmp_path: Path, kind: str) -> None:
    mask = prepared(tmp_path, PICTURE, MASKS[kind]).mask
    assert mask is not None
    assert mode_of(mask) == ("PNG", "L")
    assert b"tRNS" not in mask
    assert (pixels(mask) == LEFT).all()
    survey(Job("a", "image", mask="mask"), tmp_path)


def test_a_mask_fits_the_upright_picture(tmp_path: Path) -> None:
    lying = quarters().transpose(Image.Transpose.ROTATE_90)
    ready = prepared(tmp_path, saved(lying, "JPEG", exif=turned(6)), drawn(LEFT))
    assert ready.mask is not None
    assert pixels(ready.mask).shape == pixels(ready.image).shape[:2]


@pytest.mark.parametrize(
    ("mask", "brightest"),
    [
        (NONE, 0),
        (NONE + 1, 1),
        (NONE + 127, 127),
        (LEFT.astype(np.uint16), 0),
        (colour(9, 1, 7), 9),
    ],
)
def test_a_mask_that_marks_nothing_is_refused_with_its_brightest_pixel(
    tmp_path: Path, mask: NDArray[Any], brightest: int
) -> None:
    with pytest.raises(InputError, match=f"its brightest pixel has {brightest} of 255") as raised:
        prepared(tmp_path, PICTURE, drawn(mask))
    assert raised.value.kind == "empty_mask"


def test_a_mask_that_is_transparent_all_over_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mask: the mask is empty"):
        prepared(tmp_path, PICTURE, drawn(rgba(FULL, NONE)))


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (WIDTH + 1, HEIGHT), (2 * WIDTH, 2 * HEIGHT)])
def test_a_mask_of_another_size_is_refused_with_both(tmp_path: Path, size: tuple[int, int]) -> None:
    mask = saved(Image.new("L", size, 255), "PNG")
    wanted = f"mask has {size[0]} × {size[1]} pixels, the image 24 × 16"
    with pytest.raises(InputError, match=wanted) as raised:
        prepared(tmp_path, PICTURE, mask)
    assert raised.value.kind == "mask_size"
    with pytest.raises(InputError, match=wanted):
        survey(Job("a", "image", mask="mask"), tmp_path)


def test_a_mask_that_is_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mask: not an image"):
        prepared(tmp_path, PICTURE, b"no mask")


def test_a_picture_beside_a_mask_still_goes_out_byte_for_byte(tmp_path: Path) -> None:
    assert prepared(tmp_path, PICTURE, drawn(LEFT)).image == PICTURE
