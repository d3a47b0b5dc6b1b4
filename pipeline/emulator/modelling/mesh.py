"""A closed surface over a grid: front and back, welded along a smooth outline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Grid

Floats = NDArray[np.float32]
_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))  # (row, column) of a cell's corners, clockwise
_NEAREST = 0.04  # how close to a node the outline may cross an edge: no slivers


@dataclass(frozen=True, slots=True)
class Mesh:
    """`places` (n, 2) in pixels, `heights` (n,) in cells, `triangles` (m, 3).

    Seen from the front (heights up, places with y down) front triangles run counter-clockwise.
    """

    places: Floats
    heights: Floats
    triangles: NDArray[np.int64]


def build(grid: Grid, front: Floats, back: Floats) -> Mesh:
    """Triangulate the inside of the grid twice, at the heights `front` and `-back`.

    Marching squares: whole cells inside, clipped ones along the outline, whose vertices have the
    height 0 and belong to both sides. Every diagonal of a clipped cell starts at an inner node, so
    no edge but the outline's own is shared by front and back: each has exactly two triangles.
    """
    inside = grid.level > 0
    count = int(inside.sum())
    nodes = np.full(inside.shape, -1, np.int64)
    nodes[inside] = np.arange(count)
    edges, crossings = _crossings(grid.level, 2 * count)
    cells = _cells(nodes, edges)
    triangles = _triangles(cells)
    far = np.where(triangles < count, triangles + count, triangles)
    rows, columns = np.nonzero(inside)
    flat = np.stack([columns, rows], axis=1)
    places = np.concatenate([flat, flat, crossings]).astype(np.float32) * np.float32(grid.cell)
    heights = np.concatenate([front[inside], -back[inside], np.zeros(len(crossings))])
    return Mesh(
        places + np.array(grid.origin, np.float32),
        heights.astype(np.float32),
        np.concatenate([triangles[:, ::-1], far]),
    )


def _crossings(
    level: Floats, first: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]:
    """Set and number the vertices where the outline crosses the grid's edges, from `first` on.

    Gives the numbers on the horizontal and on the vertical edges (-1 where there is none), and the
    (column, row) of each vertex.
    """
    numbered, places = [], []
    for step in ((0, 1), (1, 0)):
        here = level[: level.shape[0] - step[0], : level.shape[1] - step[1]]
        there = level[step[0] :, step[1] :]
        crossed = (here > 0) != (there > 0)
        numbers = np.full(here.shape, -1, np.int64)
        numbers[crossed] = first + np.arange(int(crossed.sum()))
        first += int(crossed.sum())
        share = np.clip(here[crossed] / (here[crossed] - there[crossed]), _NEAREST, 1 - _NEAREST)
        rows, columns = np.nonzero(crossed)
        places.append(np.stack([columns + share * step[1], rows + share * step[0]], axis=1))
        numbered.append(numbers)
    return (numbered[0], numbered[1]), np.concatenate(places)


def _cells(
    nodes: NDArray[np.int64], edges: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Give each cell's rim, clockwise: corner, edge, corner, edge, … from the upper left corner."""
    height, width = nodes.shape[0] - 1, nodes.shape[1] - 1
    corners = [nodes[r : r + height, c : c + width] for r, c in _CORNERS]
    across, down = edges
    sides = [across[:-1], down[:, 1:], across[1:], down[:, :-1]]
    rim = [part for pair in zip(corners, sides, strict=True) for part in pair]
    return np.stack([part.ravel() for part in rim], axis=1)


def _triangles(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fan each cell's part inside the outline from its first inner corner, clockwise."""
    codes = (cells[:, ::2] >= 0) @ np.array([1, 2, 4, 8])
    fans = [np.empty((0, 3), np.int64)]
    for code in range(1, 16):
        members = cells[codes == code]
        polygon = _polygon(code)
        fans += [
            members[:, [polygon[0], polygon[n], polygon[n + 1]]] for n in range(1, len(polygon) - 1)
        ]
    return np.concatenate(fans)


def _polygon(code: int) -> list[int]:
    """Give the positions on a cell's rim that the inside takes, from its first inner corner on."""
    inner = [bool(code >> corner & 1) for corner in range(4)]
    rim = []
    for corner in range(4):
        if inner[corner]:
            rim.append(2 * corner)
        if inner[corner] != inner[(corner + 1) % 4]:
            rim.append(2 * corner + 1)
    start = rim.index(2 * inner.index(True))
    return rim[start:] + rim[:start]


def normals(positions: Floats, triangles: NDArray[np.int64]) -> Floats:
    """Give unit normals (n, 3): the mean of each vertex's faces, weighted by their area."""
    a, b, c = (positions[triangles[:, n]] for n in range(3))
    faces = np.cross(b - a, c - a)
    corners = triangles.ravel()
    thrice = np.repeat(faces, 3, axis=0)
    sums = np.stack(
        [np.bincount(corners, thrice[:, axis], len(positions)) for axis in range(3)], axis=1
    )
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0])
    return np.where(lengths > 0, sums / np.maximum(lengths, 1e-30), up).astype(np.float32)
