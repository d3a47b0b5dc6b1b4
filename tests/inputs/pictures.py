"""Small pictures whose every corner is known, in any format."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipeline.inputs import Prepared, prepare
from pipeline.model import Job

WIDTH, HEIGHT = 24, 16
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 200, 30), (30, 30, 200), (250, 250, 250)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def quarters() -> Image.Image:
    """Red, green / blue, white."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), RED)
    picture.paste(GREEN, (WIDTH // 2, 0, WIDTH, HEIGHT // 2))
    picture.paste(BLUE, (0, HEIGHT // 2, WIDTH // 2, HEIGHT))
    picture.paste(WHITE, (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    return picture


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def prepared(
    folder: Path,
    image: bytes,
    mask: bytes | None = None,
    *,
    max_side: int | None = None,
    **fields: Any,
) -> Prepared:
    (folder / "image").write_bytes(image)
    if mask is not None:
        (folder / "mask").write_bytes(mask)
        fields["mask"] = "mask"
    return prepare(Job("a", "image", **fields), folder, max_side)


def pixels(data: bytes) -> NDArray[np.int16]:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture).astype(np.int16)


def mode_of(data: bytes) -> tuple[str | None, str]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.format, picture.mode


def wide_gamut() -> bytes:
    """Give an RGB profile whose red and green are swapped: no eye takes it for sRGB.

    The tags' table (ICC.1:2010, section 7.3) holds signature, offset and size, 12 bytes each.
    """
    profile = bytearray(SRGB)
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)
