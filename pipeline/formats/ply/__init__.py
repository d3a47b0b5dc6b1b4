"""PLY, the polygon file format: meshes and Gaussian splats, as text and in both byte orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import FormatError
from pipeline.formats.extent import CORNERS, extent, refuse_no_corners, refuse_no_extent
from pipeline.formats.magic import Format
from pipeline.formats.ply.header import read_header
from pipeline.formats.ply.numerals import Numerals
from pipeline.formats.ply.rows import Stream, rows
from pipeline.formats.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from numpy.typing import NDArray

    from pipeline.formats.ply.header import Element
    from pipeline.formats.summary import Bounds

SPLAT = frozenset(
    {"opacity"}
    | {f"f_dc_{band}" for band in range(3)}
    | {f"scale_{axis}" for axis in range(3)}
    | {f"rot_{part}" for part in range(4)}
)
"""What a vertex has, beside its position, to be a Gaussian splat."""

_AXES = ("x", "y", "z")
_FACES = ("vertex_indices", "vertex_index")


def check(file: BinaryIO, size: int) -> Summary:
    """Verify a PLY of `size` bytes: all rows there, nothing behind them, a mesh or a splat.

    Positions must be finite and faces within the vertices; other values are not judged.
    """
    header = read_header(file, size)
    vertex = header.vertex
    names = {prop.name for prop in vertex.properties}
    stream = Stream(Numerals(file) if header.text else file)
    bounds, triangles = None, 0
    for element in header.elements:
        if element is vertex:
            bounds = extent(_positions(stream, element), "vertex")
        elif element.name == "face":
            triangles = _triangles(stream, element, vertex.count)
        else:
            for _ in rows(stream, element):
                pass
    stream.expect_end()
    splats = vertex.count if names >= SPLAT else 0
    _refuse_nothing(bounds, vertex.count, triangles, splats)
    return Summary(
        Format.PLY,
        size,
        vertices=vertex.count,
        triangles=triangles,
        splats=splats,
        bounds=bounds,
        coloured=bool(splats) or "red" in names,
    )


def _refuse_nothing(bounds: Bounds | None, vertices: int, triangles: int, splats: int) -> None:
    if not triangles and not splats:
        raise FormatError(f"its {vertices:,} vertices have no triangles and are no splats")
    if bounds and vertices > 1:
        refuse_no_extent(bounds, vertices)


def _positions(stream: Stream, vertex: Element) -> Iterator[NDArray[Any]]:
    axes = [vertex.position(axis) for axis in _AXES]
    for block in rows(stream, vertex):
        yield np.concatenate([block.values(axis) for axis in axes], axis=1)


def _triangles(stream: Stream, face: Element, vertices: int) -> int:
    """Check faces and count their triangles; two corners or less make none."""
    corners = face.position(*_FACES)
    triangles, ends = 0, list[int]()
    for block in rows(stream, face):
        indices = block.values(corners)
        count, sides = indices.shape
        if sides >= CORNERS:
            triangles += count * (sides - 2)
            ends += _ends(indices, vertices)
    if triangles:
        refuse_no_corners(min(ends), max(ends), "face")
    return triangles


def _ends(indices: NDArray[Any], vertices: int) -> tuple[int, int]:
    low, high = indices.min(), indices.max()
    if not (low >= 0 and high < vertices):  # so that NaN, of a text, fails too
        raise FormatError(
            f"a face has indices from {low:,.0f} to {high:,.0f}, there are {vertices:,} vertices"
        )
    if (indices % 1).any():
        raise FormatError("a face has an index that is not a whole number")
    return int(low), int(high)
