"""Pictures as the model reads them rightly: upright, 8-bit sRGB, hard edges.

What goes wrong otherwise, from the model's public source and issues (facebookresearch/
sam-3d-objects): EXIF rotation is ignored, 16-bit pixels wrap, grayscale and palettes break, CMYK
is read as RGB, any alpha above 0 counts as object, a mask must be one channel of 0 or 255.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops

from pipeline.errors import InputError
from pipeline.inputs.colour import eight_bit, is_srgb, srgb
from pipeline.inputs.picture import check_mask_size, opened, orientation, upright, upright_size
from pipeline.inputs.source import name_of, read_source

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.model import Job

LARGEST_BODY_PART = 5 << 20
"""Above this a picture is sent as JPEG: bodies should stay under about 8 MB as base64."""

_PNG_DEPTH = 24  # the byte behind width and height (PNG specification, section 11.2.2)
_HALF = 128
_JPEG_QUALITY = 95
_LOSSY = frozenset({"JPEG", "MPO", "WEBP"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """The bytes of image and mask as they are sent, and the sha256 (hex) of their sources.

    The sources may have changed since they were surveyed; then these hashes make another
    fingerprint than the ticket's.
    """

    image: bytes
    mask: bytes | None
    image_sha256: str
    mask_sha256: str | None


def prepare(job: Job, folder: Path) -> Prepared:
    """Make a job's image and mask ready to be sent; takes a while, so call it in a thread.

    A picture that is right as it is goes out byte for byte. Raises InputError.
    """
    source = read_source(folder, job.image)
    image, size = _image(source, name_of(job.image))
    if job.mask is None:
        return Prepared(image, None, _sha256(source), None)
    drawn = read_source(folder, job.mask)
    mask = _mask(drawn, name_of(job.mask), size)
    return Prepared(image, mask, _sha256(source), _sha256(drawn))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _image(data: bytes, name: str) -> tuple[bytes, tuple[int, int]]:
    with opened(data, name) as picture:
        picture.load()  # a cut file shows only when its pixels are read
        large = len(data) > LARGEST_BODY_PART
        if not large and _sendable(picture, data):
            return data, picture.size
        right = _normalised(picture, name)
        lossy = picture.format in _LOSSY or (large and picture.format == "PNG")
        return _encoded(right, lossy=lossy), right.size


def _sendable(picture: Image.Image, data: bytes) -> bool:
    """Tell whether a JPEG, or a PNG of 8 bits a channel, is right as it is."""
    profile = picture.info.get("icc_profile")
    return (
        picture.mode == "RGB"
        and (picture.format == "JPEG" or (picture.format == "PNG" and data[_PNG_DEPTH] == 8))
        and "transparency" not in picture.info
        and not getattr(picture, "is_animated", False)
        and orientation(picture) == 1
        and (not profile or is_srgb(profile))
    )


def _normalised(picture: Image.Image, name: str) -> Image.Image:
    """Give the picture upright, as 8-bit sRGB, with alpha only where it says something."""
    narrow = eight_bit(upright(picture), name)
    alpha = _alpha(narrow)
    colour = srgb(narrow)
    if alpha is not None:
        if alpha.getbbox() is None:
            raise InputError(f"{name}: the picture is transparent all over", kind="not_an_image")
        colour.putalpha(alpha)
    return colour


def _alpha(picture: Image.Image) -> Image.Image | None:
    """Give the alpha with hard edges; None where every pixel is opaque."""
    if not picture.has_transparency_data:
        return None
    hard = _hard(picture.convert("RGBA").getchannel("A"))
    return hard if hard.getextrema()[0] == 0 else None


def _encoded(picture: Image.Image, *, lossy: bool) -> bytes:
    """Write PNG, or JPEG where the source was as lossy, or where PNG would be too large."""
    picture.info.clear()
    data = io.BytesIO()
    opaque = picture.mode == "RGB"
    if not (lossy and opaque):
        picture.save(data, "PNG", compress_level=4)
    if opaque and (lossy or data.tell() > LARGEST_BODY_PART):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return data.getvalue()


def _mask(data: bytes, name: str, size: tuple[int, int]) -> bytes:
    with opened(data, name) as drawn:
        check_mask_size(upright_size(drawn), size, name)
        drawn.load()
        mask = eight_bit(upright(drawn), name)
        marked = _alpha(mask) or _brightest(mask)
    highest = int(np.asarray(marked).max())
    if highest < _HALF:
        raise InputError(
            f"{name}: the mask is empty: its brightest pixel has {highest} of 255; mark the "
            "object with 255",
            kind="empty_mask",
        )
    hard = _hard(marked)
    hard.info.clear()
    encoded = io.BytesIO()
    hard.save(encoded, "PNG")
    return encoded.getvalue()


def _brightest(mask: Image.Image) -> Image.Image:
    """Give each pixel's highest channel: a red mask marks as a white one does."""
    if mask.mode == "L":
        return mask
    red, green, blue = mask.convert("RGBA").convert("RGB").split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _hard(channel: Image.Image) -> Image.Image:
    return channel.point(lambda value: 255 if value >= _HALF else 0)
