"""What of a picture counts as the object: alpha and masks as one channel, with hard edges."""

from __future__ import annotations

from typing import cast

from PIL import Image, ImageChops

HALF = 128
"""From here on, of 255, a pixel belongs to the object."""


def alpha_of(picture: Image.Image) -> Image.Image | None:
    """Give the alpha of a loaded picture; None where every pixel is opaque, by half at least."""
    if not picture.has_transparency_data:
        return None
    own = picture if "A" in picture.getbands() else picture.convert("RGBA")
    alpha = own.getchannel("A")
    return alpha if extremes(alpha)[0] < HALF else None


def marked_by(mask: Image.Image) -> Image.Image:
    """Give what a mask marks: its alpha, else each pixel's highest channel.

    A red mask marks as a white one does.
    """
    alpha = alpha_of(mask)
    if alpha is not None or mask.mode == "L":
        return alpha or mask
    red, green, blue = mask.convert("RGBA").convert("RGB").split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def hard(channel: Image.Image) -> Image.Image:
    """Make every value 0 or 255."""
    return channel.point(lambda value: 255 if value >= HALF else 0)


def extremes(channel: Image.Image) -> tuple[int, int]:
    """Give the lowest and the highest value of an 8-bit channel."""
    return cast("tuple[int, int]", channel.getextrema())
