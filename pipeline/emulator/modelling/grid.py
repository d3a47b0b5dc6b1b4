"""A coverage, sampled at the nodes of a square grid that is fine enough for the object."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .segment import Coverage

_FEWEST, _MOST = 700, 14_000  # cells inside the outline; each is four triangles
_PIXELS_A_CELL = 4.0
_BLUR = 2.0  # pixels: a staircase's steps vanish, corners hardly


@dataclass(frozen=True, slots=True)
class Grid:
    """`level` is positive inside the object, (rows, columns) at the nodes.

    Node (row, column) lies at `origin + cell * (column, row)` in pixels of the coverage, where
    (0, 0) is the picture's upper left corner. The outermost nodes are all outside.
    """

    level: NDArray[np.float32]
    origin: tuple[float, float]
    cell: float


def sample(coverage: Coverage) -> Grid | None:
    """Lay the grid over the object, its outline smoothed by about a cell; None: there is none."""
    rows, columns = np.nonzero(coverage > 0.5)
    if not rows.size:
        return None
    cells = np.clip(rows.size / _PIXELS_A_CELL, _FEWEST, _MOST)
    cell = float(np.sqrt(rows.size / cells))
    left, top = columns.min() - 3 * cell, rows.min() - 3 * cell
    across = int(np.ceil((columns.max() + 1 - left) / cell)) + 4
    down = int(np.ceil((rows.max() + 1 - top) / cell)) + 4
    x = (left + cell * np.arange(across) - 0.5).astype(np.float32)
    y = (top + cell * np.arange(down) - 0.5).astype(np.float32)
    margin = 8
    padded = np.pad(coverage, margin)
    blur = max(cell, min(_BLUR, 0.06 * float(np.sqrt(rows.size))))
    soft = cv2.GaussianBlur(padded, (0, 0), blur)
    across_at, down_at = np.meshgrid(x + margin, y + margin)
    sampled = cv2.remap(soft, across_at, down_at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    level = np.asarray(sampled, np.float32) - np.float32(0.5)
    level[[0, -1]] = level[:, [0, -1]] = -0.5
    if not (level > 0).any():
        return None
    return Grid(level, (float(left), float(top)), cell)
