"""Opening a picture from anywhere, without trusting it."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, UnidentifiedImageError

from pipeline.errors import InputError
from pipeline.inputs import png
from pipeline.inputs.scale import LEAST_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""What is read; other decoders are not let near hostile files. Pillow reads MPO as a JPEG."""

MOST_PIXELS = 100_000_000
"""The most pixels a picture may have (a bomb of a few kB can claim billions)."""


_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise on damaged files: more than they document."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture's header; pixels are decoded as they are used. Raises InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; pixels are what counts
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(*image.size, name)
                if image.format == "PNG":
                    with suppress(*_BROKEN):  # damage shows when the picture is used
                        image.info.update(png.late_info(data))
                yield image
    except UnidentifiedImageError:
        raise InputError(
            f"{name}: not an image that can be read ({', '.join(FORMATS)}); export a HEIC or "
            "AVIF photo as JPEG first",
            kind="not_an_image",
        ) from None
    except _BROKEN as error:
        raise InputError(f"{name}: broken image ({error})", kind="not_an_image") from None


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{name}: {width} × {height} pixels are more than {MOST_PIXELS // 1_000_000} million; "
            "make it smaller",
            kind="too_large",
        )
    if min(width, height) < LEAST_SIDE:
        raise InputError(
            f"{name}: {width} × {height} pixels show nothing; a placeholder?", kind="too_small"
        )


def check_mask_size(mask: tuple[int, int], image: tuple[int, int], name: str) -> None:
    """Raise InputError unless the upright sizes of mask and image are equal."""
    if mask != image:
        raise InputError(
            f"{name}: the mask has {mask[0]} × {mask[1]} pixels, the image {image[0]} × {image[1]};"
            " they must be equal",
            kind="mask_size",
        )


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Give width and height as a viewer shows them, EXIF rotation applied."""
    return turned_size(image.size, orientation(image))


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Give the other of the two sizes that a picture has: as it is stored, and upright."""
    width, height = size
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a loaded picture as an EXIF orientation says."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def orientation(image: Image.Image) -> int:
    """Give the EXIF orientation that is left to be applied, 1 (upright) to 8.

    Pillow turns a TIFF by itself when it is loaded, and tells its upright size before. Damaged
    EXIF says nothing: viewers show such a picture as it is stored. Nothing is decoded: what
    Pillow would look for behind a PNG's pixels was read when it was opened.
    """
    if image.format == "TIFF":
        return 1
    try:
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except _BROKEN:
        return 1
    return value if value in _TURNS else 1
