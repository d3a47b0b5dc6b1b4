"""Pixels made fewer: colours without rims, masks without soft edges or lost lines.

Colours are resampled as they are stored, gamma and all, as every viewer and editor does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageChops

from pipeline.inputs.edges import HALF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Size = tuple[int, int]
    Extent = tuple[float, float, float, float]

_GAP = 3.0  # whole steps come first, as far as nobody can see it (Pillow, Image.resize)
_TRACE = 32  # an eighth of 255: what a line of one pixel in four leaves, wherever it lies


def shrunk(colour: Image.Image, size: Size, extent: Extent | None = None) -> Image.Image:
    """Resample an opaque picture, or the part of it that `extent` (in pixels) encloses.

    Lanczos takes 2.5 times as long for what is 54 dB away from this at the model's 518 pixels.
    """
    return colour.resize(size, Image.Resampling.HAMMING, extent, _GAP)


def shrunk_behind(alpha: Image.Image, colour: Image.Image, size: Size) -> Image.Image:
    """Resample the colours (RGB or L) of a picture; an alpha of its own is left out.

    A pixel counts as much as it is seen, so that what hides beside an edge draws no rim. Where
    nothing is seen, the hidden colours are resampled: the model looks at them too. Band by band
    takes half the memory.
    """
    mode = "".join(band for band in colour.getbands() if band != "A")
    seen, weighed, plain = shrunk(alpha, size), [], []
    for name in mode:
        band = colour.getchannel(name)
        plain.append(shrunk(band, size))
        weighed.append(shrunk(ImageChops.multiply(band, alpha), size))
    shown = Image.merge(f"{mode}a", [*weighed, seen]).convert(f"{mode}A").convert(mode)
    # with less alpha than an eighth, what was multiplied by it cannot be told any more
    told = seen.point(lambda value: 255 * (value >= _TRACE))
    smaller = Image.composite(shown, Image.merge(mode, plain), told)
    smaller.info = dict(colour.info)
    return smaller


def shrunk_mask(mask: Image.Image, size: Size) -> Image.Image:
    """Give a mask of 0 and 255 with fewer pixels: 255 where at least half of one was marked.

    An eighth is enough for what is too thin to have a pixel of its own, away from thicker parts.
    A mask that marks anything still does.
    """
    share = np.asarray(mask.resize(size, Image.Resampling.BOX))
    kept = share >= HALF
    thick = _highest_around(~_highest_around(~kept))
    kept |= (share >= _TRACE) & ~_highest_around(thick)
    if not kept.any():
        kept = _touched(np.asarray(mask) > 0, size)
    return Image.fromarray(kept.astype(np.uint8) * 255)


def _highest_around(values: NDArray[Any]) -> NDArray[Any]:
    """Give the highest of every pixel and the eight around it; beyond the edge there is nothing."""
    rows = np.pad(values, ((1, 1), (0, 0)))
    tall = np.maximum(np.maximum(rows[:-2], rows[2:]), values)
    columns = np.pad(tall, ((0, 0), (1, 1)))
    highest: NDArray[Any] = np.maximum(np.maximum(columns[:, :-2], columns[:, 2:]), tall)
    return highest


def _touched(marked: NDArray[Any], size: Size) -> NDArray[Any]:
    """Tell which of fewer pixels hold any marked one."""
    starts = [
        np.arange(fewer) * many // fewer
        for fewer, many in zip(reversed(size), marked.shape, strict=True)
    ]
    rows = np.logical_or.reduceat(marked, starts[0], axis=0)
    touched: NDArray[Any] = np.logical_or.reduceat(rows, starts[1], axis=1)
    return touched
