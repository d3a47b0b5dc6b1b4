"""Primitives: the parts of meshes, as the document describes them (glTF 2.0, section 5.24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.extent import CORNERS
from pipeline.formats.summary import printable

if TYPE_CHECKING:
    from pipeline.formats.glb.accessors import Accessor
    from pipeline.formats.glb.document import Item

DRACO = "KHR_draco_mesh_compression"
QUANTIZATION = "KHR_mesh_quantization"

_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_QUANTIZED = (1, 2)  # bytes a component


@dataclass(frozen=True, slots=True)
class Primitive:
    """A part of the mesh numbered `mesh`; without indices its positions are drawn in order."""

    where: str
    mesh: int
    mode: int
    positions: Accessor
    indices: Accessor | None
    coloured: bool

    @property
    def triangles(self) -> int:
        """How many it draws, degenerate ones included."""
        corners = (self.indices or self.positions).count
        if self.mode == _TRIANGLES:
            return corners // CORNERS
        return max(0, corners - 2) if self.mode in (_STRIP, _FAN) else 0


def read_primitives(document: Item, accessors: list[Accessor]) -> list[Primitive]:
    """Check the primitives of all meshes, as far as can be done without their values."""
    quantized = QUANTIZATION in document.texts("extensionsUsed")
    return [
        _primitive(item, mesh, accessors, quantized=quantized)
        for mesh, owner in enumerate(document.items("meshes"))
        for item in owner.items("primitives")
    ]


def _primitive(item: Item, mesh: int, accessors: list[Accessor], *, quantized: bool) -> Primitive:
    mode = item.integer("mode", default=_TRIANGLES)
    if mode > _FAN:
        raise FormatError(f"{item.path('mode')} is {mode:,}, the modes are 0 to {_FAN}")
    attributes = item.item("attributes")
    if attributes is None or "POSITION" not in attributes.fields:
        raise FormatError(f"{item.where} has no positions")
    positions = accessors[attributes.integer("POSITION")]
    index = item.index("indices")
    indices = None if index is None else accessors[index]
    _check_counts(attributes, positions, accessors)
    _check_positions(item, positions, quantized=quantized)
    if indices:
        _check_indices(item, indices)
    return Primitive(item.where, mesh, mode, positions, indices, "COLOR_0" in attributes.fields)


def _check_counts(attributes: Item, positions: Accessor, accessors: list[Accessor]) -> None:
    for name in attributes.fields:
        count = accessors[attributes.integer(name)].count
        if count != positions.count:
            raise FormatError(
                f"{attributes.where}: {printable(name)} has {count:,} elements, "
                f"POSITION has {positions.count:,}"
            )


def _check_positions(item: Item, accessor: Accessor, *, quantized: bool) -> None:
    component = accessor.component
    known = component.kind == "f" or (quantized and component.itemsize in _QUANTIZED)
    if accessor.kind != "VEC3" or not known:
        raise FormatError(
            f"{accessor.where} holds positions as {accessor.kind} of {component.name}, "
            "not as VEC3 of float32"
        )
    _check_bytes(item, accessor)


def _check_indices(item: Item, accessor: Accessor) -> None:
    if accessor.kind != "SCALAR" or accessor.component.kind != "u":
        raise FormatError(
            f"{accessor.where} holds indices as {accessor.kind} of {accessor.component.name}, "
            "not as SCALAR of an unsigned type"
        )
    if accessor.stride != accessor.size:
        raise FormatError(
            f"{accessor.where} holds indices {accessor.stride} bytes apart, not {accessor.size}"
        )
    _check_bytes(item, accessor)


def _check_bytes(item: Item, accessor: Accessor) -> None:
    """Refuse an array of zeros by default, unless it only describes what Draco has packed."""
    draco = item.extension(DRACO)
    if accessor.empty and draco is None:
        raise FormatError(f"{accessor.where} has no bytes in the file, {item.where} draws it")
    if draco:
        draco.integer("bufferView")
