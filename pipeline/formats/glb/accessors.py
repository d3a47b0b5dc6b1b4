"""Accessors: typed arrays inside buffer views (glTF 2.0 specification, sections 3.6.2 and 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import FormatError
from pipeline.formats.source import BLOCK
from pipeline.formats.summary import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from pipeline.formats.glb.buffers import View
    from pipeline.formats.glb.container import Region
    from pipeline.formats.glb.document import Item
    from pipeline.formats.summary import Bounds

_COMPONENTS: Mapping[int, np.dtype[Any]] = {
    5120: np.dtype("i1"),
    5121: np.dtype("u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
_SHAPES: Mapping[str, tuple[int, int]] = {  # columns, rows
    "SCALAR": (1, 1),
    "VEC2": (1, 2),
    "VEC3": (1, 3),
    "VEC4": (1, 4),
    "MAT2": (2, 2),
    "MAT3": (3, 3),
    "MAT4": (4, 4),
}


@dataclass(frozen=True, slots=True)
class Accessor:
    """`count` elements of a type, the first `offset` bytes into a view; zeros without a view.

    `sparse` holds the indices and the values put over some of the elements. `stated` are the bounds
    that the document gives, where it is one of positions.
    """

    where: str
    kind: str
    component: np.dtype[Any]
    count: int
    view: View | None
    offset: int = 0
    normalized: bool = False
    sparse: tuple[Accessor, Accessor] | None = None
    stated: Bounds | None = None

    @property
    def size(self) -> int:
        """Bytes of one element; columns of matrices begin at multiples of 4."""
        columns, rows = _SHAPES[self.kind]
        column = rows * self.component.itemsize
        return column if columns == 1 else columns * (column + -column % 4)

    @property
    def stride(self) -> int:
        """Bytes from one element to the next."""
        return (self.view.stride if self.view else None) or self.size

    @property
    def empty(self) -> bool:
        """Whether no bytes stand behind it: it is zeros, or what an extension puts there."""
        return self.view is None and self.sparse is None

    @property
    def readable(self) -> bool:
        """Whether its values are in the file as they are."""
        return not self.empty and (self.view is None or self.view.region is not None)

    @property
    def scale(self) -> float:
        """What a stored value is multiplied by: 1 but for normalized integers."""
        whole = self.component.kind != "f"
        return 1 / np.iinfo(self.component).max if self.normalized and whole else 1

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the values, and then those put over them, as rows of components."""
        if self.view is None:
            yield np.zeros((1, _SHAPES[self.kind][1]), self.component)
        elif self.view.region:
            yield from self._rows(self.view.region)
        if self.sparse:
            yield from self.sparse[1].blocks()

    def _rows(self, region: Region) -> Iterator[NDArray[Any]]:
        for first in range(0, self.count, BLOCK // self.stride):
            rows = min(self.count - first, BLOCK // self.stride)
            data = region.read(
                self.offset + first * self.stride, (rows - 1) * self.stride + self.size
            )
            shape = rows, _SHAPES[self.kind][1]
            strides = self.stride, self.component.itemsize
            yield np.ndarray(shape, self.component, data, strides=strides)


def read_accessors(document: Item, views: list[View]) -> list[Accessor]:
    """Check all accessors: known types, aligned, inside their views; sparse indices in order."""
    return [_accessor(item, views) for item in document.items("accessors")]


def _accessor(item: Item, views: list[View]) -> Accessor:
    view = item.index("bufferView")
    kind = item.text("type")
    if kind not in _SHAPES:
        raise FormatError(f"{item.path('type')} is {shown(kind)}, not a type of glTF 2.0")
    plain = Accessor(
        item.where,
        kind,
        _component(item),
        item.integer("count", least=1),
        None if view is None else views[view],
        item.integer("byteOffset", default=0),
        item.flag("normalized"),
        stated=_stated(item),
    )
    _check_place(plain)
    sparse = item.item("sparse")
    return plain if sparse is None else replace(plain, sparse=_sparse(sparse, plain, views))


def _component(item: Item) -> np.dtype[Any]:
    code = item.integer("componentType")
    if code not in _COMPONENTS:
        raise FormatError(f"{item.path('componentType')} is {code:,}, not a type of glTF 2.0")
    return _COMPONENTS[code]


def _stated(item: Item) -> Bounds | None:
    match item.array("min"), item.array("max"):
        case (
            [int() | float() as a, int() | float() as b, int() | float() as c],
            [int() | float() as d, int() | float() as e, int() | float() as f],
        ):
            return (a, b, c), (d, e, f)
    return None


def _check_place(accessor: Accessor) -> None:
    """Decide in Python's integers, which do not overflow, before anything is read."""
    view, itemsize = accessor.view, accessor.component.itemsize
    if view is None:
        return
    if accessor.stride < accessor.size:
        raise FormatError(
            f"{accessor.where} has elements of {accessor.size} bytes, "
            f"{view.where}.byteStride is {accessor.stride}"
        )
    if accessor.offset % itemsize or (view.start + accessor.offset) % itemsize:
        raise FormatError(
            f"{accessor.where} begins at byte {view.start + accessor.offset:,} of its buffer, "
            f"not at a multiple of {itemsize}"
        )
    end = accessor.offset + (accessor.count - 1) * accessor.stride + accessor.size
    if end > view.length:
        raise FormatError(
            f"{accessor.where} reaches byte {end:,} of {view.where}, which has {view.length:,}"
        )


def _sparse(item: Item, base: Accessor, views: list[View]) -> tuple[Accessor, Accessor]:
    count = item.integer("count", least=1)
    indices = _part(item, "indices", views, replace(base, kind="SCALAR", count=count))
    values = _part(item, "values", views, replace(base, count=count))
    last = -1
    for block in indices.blocks():
        steps = np.diff(block[:, 0].astype(np.int64), prepend=last)
        last = int(block[-1, 0])
        if steps.min() < 1 or last >= base.count:
            raise FormatError(
                f"{indices.where} do not rise from 0 to {base.count - 1:,}, one by one or faster"
            )
    return indices, values


def _part(item: Item, key: str, views: list[View], shape: Accessor) -> Accessor:
    part = item.item(key)
    if part is None:
        raise FormatError(f"{item.path(key)} is missing")
    component = _component(part) if key == "indices" else shape.component
    if key == "indices" and component.kind != "u":
        raise FormatError(f"{part.path('componentType')} is not that of an unsigned integer")
    accessor = replace(
        shape,
        where=part.where,
        component=component,
        view=replace(views[part.integer("bufferView")], stride=None),
        offset=part.integer("byteOffset", default=0),
    )
    _check_place(accessor)
    return accessor
