"""Encoded pictures, opened within bounds."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 40_000_000
Pixels = NDArray[np.uint8]


class PictureError(Exception):
    """The bytes are no picture that can be taken; the text says why."""


def check(name: str, data: bytes) -> tuple[int, int]:
    """Decode a picture whole and give its width and height; raises PictureError."""
    try:
        image = _open(name, data)
        image.load()
    except (OSError, ValueError, SyntaxError) as problem:  # the last by Pillow's PNG reader
        raise PictureError(f"{name} is not a valid JPEG, PNG or WebP image") from problem
    return image.size


@dataclass(frozen=True, slots=True)
class Picture:
    """`pixels` are (height, width, 4) RGBA; the size is that before they were reduced."""

    pixels: Pixels
    width: int
    height: int

    @property
    def opaque(self) -> bool:
        """Whether no pixel is wholly transparent: then alpha tells nothing of the object."""
        return bool((self.pixels[..., 3] > 0).all())


def load(data: bytes, longest: int) -> Picture:
    """Give a checked picture, reduced to `longest` pixels a side.

    Nothing is turned by EXIF: like the model, this takes the pixels as they lie.
    """
    image = _open("image", data)
    width, height = image.size
    image.thumbnail((longest, longest))
    return Picture(np.asarray(image.convert("RGBA")), width, height)


def load_mask(data: bytes) -> NDArray[np.bool_]:
    """Give a checked mask as (height, width): true where its last channel is above zero.

    So the model's public source reads a mask: an RGB one by its blue channel.
    """
    values = np.asarray(_open("mask", data))
    return (values[..., -1] if values.ndim > 2 else values) > 0


def _open(name: str, data: bytes) -> Image.Image:
    """Read a picture's head: what it says of its size is refused before any pixel is made."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        too_many = image.width * image.height > MAX_PIXELS
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        too_many = True
    if too_many:
        raise PictureError(f"{name} has more than {MAX_PIXELS // 1_000_000} megapixels")
    return image
