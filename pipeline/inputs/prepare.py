"""Pictures as the model reads them rightly: upright, 8-bit sRGB, hard edges, no larger than serves.

What goes wrong otherwise, from the model's public source and issues (facebookresearch/
sam-3d-objects): EXIF rotation is ignored, 16-bit pixels wrap, grayscale and palettes break, CMYK
is read as RGB, any alpha above 0 counts as object, a mask must be one channel of 0 or 255.
"""

from __future__ import annotations

import hashlib
import io
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.inputs import png
from pipeline.inputs.colour import eight_bit, flat, is_srgb, srgb
from pipeline.inputs.edges import HALF, alpha_of, extremes, hard, marked_by
from pipeline.inputs.picture import (
    check_mask_size,
    opened,
    orientation,
    turned_size,
    upright,
    upright_size,
)
from pipeline.inputs.scale import Scale, fit
from pipeline.inputs.shrinking import shrunk, shrunk_behind, shrunk_mask
from pipeline.inputs.source import name_of, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image

    from pipeline.model import Job

LARGEST_BODY_PART = 5 << 20
"""Above this a picture is sent as JPEG: bodies should stay under about 8 MB as base64."""

_PNG_DEPTH = 24  # the byte behind width and height (PNG specification, section 11.2.2)
_JPEG_QUALITY = 95
_LOSSY = frozenset({"JPEG", "MPO", "WEBP"})

_LARGE = 25_000_000  # pixels: 100 MB, as Pillow holds them
_two_large_ones = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent of a job's inputs: sha256 (hex) of the bytes, and the size.

    `job` has its points and its box in pixels of the picture that is sent.
    """

    image_sha256: str
    mask_sha256: str | None
    scale: Scale
    job: Job


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
    sent: Sent


def prepare(job: Job, folder: Path, max_side: int | None = None) -> Prepared:
    """Make a job's image and mask ready to be sent; takes a while, so call it in a thread.

    A picture that is right as it is, its longer side at most `max_side` pixels, goes out byte for
    byte. Equal inputs make equal bytes. At most two pictures of more than 25 million pixels are
    decoded at once, whatever the number of threads. Raises InputError.
    """
    source = read_source(folder, job.image)
    image, scale = _image(source, name_of(job.image), max_side)
    source_sha256 = _sha256(source)
    sent_sha256 = source_sha256 if image is source else _sha256(image)
    if job.mask is None:
        sent = Sent(sent_sha256, None, scale, scale.job(job))
        return Prepared(image, None, source_sha256, None, sent)
    drawn = read_source(folder, job.mask)
    mask = _mask(drawn, name_of(job.mask), scale)
    sent = Sent(sent_sha256, _sha256(mask), scale, scale.job(job))
    return Prepared(image, mask, source_sha256, _sha256(drawn), sent)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _decodable(data: bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture; a large one waits until there is memory for it."""
    with opened(data, name) as picture:
        if picture.width * picture.height <= _LARGE:
            yield picture
        else:
            with _two_large_ones:
                yield picture


def _image(data: bytes, name: str, max_side: int | None) -> tuple[bytes, Scale]:
    with _decodable(data, name) as picture:
        scale = fit(upright_size(picture), max_side)
        large = len(data) > LARGEST_BODY_PART
        if scale.is_one and not large:
            sendable = _sendable(picture, data)
            if sendable and picture.format == "PNG" and png.is_whole(data):
                return data, scale
            drafted = sendable and picture.format == "JPEG"
            if drafted:
                # all of its code is read at an eighth of its size too, for half the time
                picture.draft(None, (1, 1))
            picture.load()  # a broken file shows when its pixels are read
            if drafted or _sendable(picture, data):
                return data, scale
        right = _normalised(picture, name, scale)
        # pixels that are new anyway lose nothing that could be seen, and a PNG of them is 4 times
        # as large and takes 30 times as long
        resampled = not scale.is_one or picture.format in _LOSSY
        right_as_it_is = scale.is_one and _sendable(picture, data)
        encoded = _encoded(right, lossy=resampled or (large and picture.format == "PNG"))
        return (data if right_as_it_is and len(encoded) >= len(data) else encoded), scale


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


def _normalised(picture: Image.Image, name: str, scale: Scale) -> Image.Image:
    """Give the picture upright, as 8-bit sRGB, with alpha only where it says something.

    It is made smaller before it is turned and before its profile is applied: both then cost less.
    A JPEG is decoded at a half, a quarter or an eighth where that is still large enough.
    """
    turn = orientation(picture)
    size = turned_size(scale.sent, turn)
    drafted = None if scale.is_one else picture.draft(None, size)
    picture.load()
    narrow = eight_bit(picture, name)
    alpha, colour = alpha_of(narrow), narrow
    if alpha is None:
        if not scale.is_one:
            colour = shrunk(flat(narrow), size, drafted and drafted[1])
        return upright(srgb(colour), turn)
    visible = hard(alpha)
    if visible.getbbox() is None:
        raise InputError(f"{name}: the picture is transparent all over", kind="not_an_image")
    if not scale.is_one:
        colour = narrow if narrow.mode in {"RGBA", "LA"} else flat(narrow)
        colour, visible = shrunk_behind(alpha, colour, size), shrunk_mask(visible, size)
    right = srgb(colour)
    if extremes(visible)[0] == 0:
        right.putalpha(visible)
    return upright(right, turn)


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


def _mask(data: bytes, name: str, scale: Scale) -> bytes:
    with _decodable(data, name) as drawn:
        check_mask_size(upright_size(drawn), scale.source, name)
        turn = orientation(drawn)
        drawn.load()
        marked = marked_by(upright(eight_bit(drawn, name), turn))
    highest = extremes(marked)[1]
    if highest < HALF:
        raise InputError(
            f"{name}: the mask is empty: its brightest pixel has {highest} of 255; mark the "
            "object with 255",
            kind="empty_mask",
        )
    mask = hard(marked) if scale.is_one else shrunk_mask(hard(marked), scale.sent)
    mask.info.clear()
    encoded = io.BytesIO()
    mask.save(encoded, "PNG")
    return encoded.getvalue()
