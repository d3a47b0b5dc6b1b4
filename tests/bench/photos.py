"""Photographs: PNGs of noise, so that no two are equal and none gets smaller on its way."""

from __future__ import annotations

import io
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def photos(folder: Path, count: int, size: int) -> list[Path]:
    """Give so many different pictures of about `size` bytes, made where they are not there yet."""
    folder = folder / str(size)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"p{number:05}.png" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(noise(number, size))
    return paths


def noise(seed: int, size: int) -> bytes:
    """Draw a square of noise whose PNG has about `size` bytes: three a pixel."""
    side = max(2, isqrt(size // 3))
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", compress_level=1)
    return data.getvalue()
