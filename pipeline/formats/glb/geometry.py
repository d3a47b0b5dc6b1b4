"""What the meshes come to: their values, checked and measured (glTF 2.0, section 3.7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.extent import extent, refuse_no_corners, refuse_no_extent, union

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipeline.formats.glb.accessors import Accessor
    from pipeline.formats.glb.primitives import Primitive
    from pipeline.formats.summary import Bounds

_CLOSE = 1e-3
"""Of the farthest coordinate: writers round the bounds they state."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn; `bounds` is None where the file keeps it to its packed bytes."""

    vertices: int
    triangles: int
    bounds: Bounds | None
    coloured: bool
    notes: tuple[str, ...]


def measure(primitives: list[Primitive], shown: Collection[int]) -> Shape:
    """Check the values of all primitives, and measure those of the meshes that are `shown`.

    Refused are indices without a vertex, positions that are not finite, and a model without a
    triangle or without an extent.
    """
    drawn = [one for one in primitives if one.mesh in shown]
    triangles = sum(one.triangles for one in drawn)
    if not triangles:
        raise FormatError(
            f"it draws no triangle: it has {len(primitives):,} primitives, "
            f"{len(drawn):,} of them in a scene"
        )
    _check_indices(primitives)
    boxes = {
        positions.where: extent(positions.blocks(), positions.where)
        for positions in _positions(primitives)
        if positions.readable
    }
    vertices = sum(positions.count for positions in _positions(drawn))
    return Shape(
        vertices,
        triangles,
        _bounds(drawn, boxes, vertices),
        any(one.coloured for one in drawn),
        _notes(primitives, boxes),
    )


def _positions(primitives: list[Primitive]) -> Collection[Accessor]:
    return {one.positions.where: one.positions for one in primitives}.values()


def _check_indices(primitives: list[Primitive]) -> None:
    ranges: dict[str, tuple[int, int]] = {}
    for one in primitives:
        if one.indices is None or not one.indices.readable:
            continue
        if one.indices.where not in ranges:
            ranges[one.indices.where] = _range(one.indices)
        low, high = ranges[one.indices.where]
        if high >= one.positions.count:
            raise FormatError(
                f"{one.where} has index {high:,}, there are {one.positions.count:,} vertices"
            )
        if one.triangles:
            refuse_no_corners(low, high, one.where)


def _range(indices: Accessor) -> tuple[int, int]:
    ends = [(int(block.min()), int(block.max())) for block in indices.blocks()]
    lows, highs = zip(*ends, strict=True)
    return min(lows), max(highs)


def _bounds(drawn: list[Primitive], boxes: dict[str, Bounds], vertices: int) -> Bounds | None:
    found = [
        _scaled(box, positions.scale)
        for positions in _positions(drawn)
        if (box := boxes.get(positions.where, positions.stated))
    ]
    if not found:
        return None
    bounds = union(found)
    refuse_no_extent(bounds, vertices)
    return bounds


def _scaled(box: Bounds, scale: float) -> Bounds:
    (a, b, c), (d, e, f) = box
    return (a * scale, b * scale, c * scale), (d * scale, e * scale, f * scale)


def _notes(primitives: list[Primitive], boxes: dict[str, Bounds]) -> tuple[str, ...]:
    arrays = {one.where: one for p in primitives for one in (p.positions, p.indices) if one}
    packed = sum(not one.readable for one in arrays.values())
    wrong = sum(
        not _agree(positions.stated, boxes[positions.where])
        for positions in _positions(primitives)
        if positions.readable and not positions.sparse
    )
    notes = (
        (packed, "of positions or indices are packed: their values were not checked"),
        (wrong, "of positions do not state their bounds as they are: viewers may frame it wrong"),
    )
    return tuple(f"{count:,} arrays {text}" for count, text in notes if count)


def _agree(stated: Bounds | None, found: Bounds) -> bool:
    if stated is None:
        return False
    pairs = list(zip((*stated[0], *stated[1]), (*found[0], *found[1]), strict=True))
    near = _CLOSE * max(abs(there) for _, there in pairs)
    return all(abs(said - there) <= near for said, there in pairs)
