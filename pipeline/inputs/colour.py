"""Pixels of any mode made into 8-bit sRGB, by the picture's own colour profile."""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

from pipeline.errors import InputError

_NOTICED = 2
_BROKEN = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def eight_bit(picture: Image.Image, name: str) -> Image.Image:
    """Give 16-bit pixels as 8-bit ones, all others as they are.

    Raises InputError for 32-bit ones: no convention says which of their values is white.
    """
    if picture.mode in {"I", "F"}:
        raise InputError(
            f"{name}: 32 bits a pixel do not say what is white; save it with 8 or 16 bits",
            kind="not_an_image",
        )
    if not picture.mode.startswith("I;16"):
        return picture
    narrow = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    narrow.info = {key: picture.info[key] for key in ("icc_profile",) if key in picture.info}
    return narrow


def srgb(picture: Image.Image) -> Image.Image:
    """Give a picture's colours as 8-bit sRGB, without its alpha.

    Without a profile, or with a broken one, pixels are taken as sRGB, as browsers do.
    """
    profile = picture.info.get("icc_profile")
    base = flat(picture)
    if profile and not is_srgb(profile):
        try:
            converted = _converted(base, profile)
        except _BROKEN:
            converted = None
        if converted is not None:
            return converted
    return base if base.mode == "RGB" else base.convert("RGB")


def flat(picture: Image.Image) -> Image.Image:
    """Give the colours alone, in a mode that a profile can speak of: RGB, CMYK or L."""
    if picture.mode in {"RGB", "CMYK", "L"}:
        return picture
    if picture.mode in {"1", "LA"}:
        return picture.convert("L")
    coloured = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return coloured.convert("RGB")


@lru_cache(maxsize=64)
def is_srgb(profile: bytes) -> bool:
    """Tell whether an RGB profile leaves colours as they are, by trying a few of them."""
    colours = np.array(list(product(range(0, 256, 51), repeat=3)), np.uint8)[None]
    try:
        converted = _converted(Image.fromarray(colours), profile)
    except _BROKEN:
        return False
    return int(np.abs(np.asarray(converted, np.int16) - colours).max()) <= _NOTICED


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(
        picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    return converted
