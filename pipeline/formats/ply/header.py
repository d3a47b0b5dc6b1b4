"""The header of a PLY: elements and their properties (Turk, "The PLY Polygon File Format")."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import FormatError
from pipeline.formats.summary import printable, shown

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_HEADER = 64 << 10
MAX_PROPERTIES = 256

_END = re.compile(rb"(?<=\n)end_header[ \t]*\r?\n")
_ORDERS = {"ascii": "<", "binary_little_endian": "<", "binary_big_endian": ">"}
_NAMES = {
    "i1": ("char", "int8"),
    "u1": ("uchar", "uint8"),
    "i2": ("short", "int16"),
    "u2": ("ushort", "uint16"),
    "i4": ("int", "int32"),
    "u4": ("uint", "uint32"),
    "f4": ("float", "float32"),
    "f8": ("double", "float64"),
}
_TYPES = {name: code for code, names in _NAMES.items() for name in names}
_TEXT = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class Property:
    """A column: values of type `item`, as many as a `length` before them says, or one."""

    name: str
    item: np.dtype[Any]
    length: np.dtype[Any] | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A table of `count` rows."""

    name: str
    count: int
    properties: tuple[Property, ...] = ()

    @property
    def least(self) -> int:
        """Bytes of its shortest row: the one whose lists are empty."""
        return sum((prop.length or prop.item).itemsize for prop in self.properties)

    def position(self, *names: str) -> int:
        """Find the first property of one of these names; FormatError if there is none."""
        for at, prop in enumerate(self.properties):
            if prop.name in names:
                return at
        raise FormatError(f"element {printable(self.name)} has no property {names[0]}")


@dataclass(frozen=True, slots=True)
class Header:
    """All tables, in the order they are stored.

    In a `text` every type is float64, which is what the numerals are turned into.
    """

    text: bool
    elements: tuple[Element, ...]

    @property
    def vertex(self) -> Element:
        """The table of vertices; FormatError if there is none, or it is empty."""
        found = next((one for one in self.elements if one.name == "vertex"), None)
        if found is None or not found.count:
            raise FormatError("it has no vertices")
        return found


def read_header(file: BinaryIO, size: int) -> Header:
    """Read the header of a file of `size` bytes and leave the file at its first row."""
    file.seek(0)
    head = file.read(MAX_HEADER)
    end = _END.search(head)
    if end is None:
        raise FormatError(
            f"the PLY's header does not end within {len(head):,} bytes, "
            f"the limit is {MAX_HEADER:,}: it is cut or no PLY"
        )
    file.seek(end.end())
    lines = head[: end.start()].decode("utf-8", "replace").split("\n")
    header = _parse([line.split() for line in lines[1:]])
    if not header.text:
        _check_size(header, size - end.end())
    return header


def _parse(lines: list[list[str]]) -> Header:
    encoding = ""
    elements: list[Element] = []
    for words in lines:
        match words:
            case ["comment" | "obj_info", *_] | []:
                pass
            case ["format", name, "1.0"] if name in _ORDERS and not encoding:
                encoding = name
            case ["element", name, count] if re.fullmatch(r"\d{1,15}", count, re.ASCII):
                elements.append(Element(name, int(count)))
            case ["property", *kinds, name] if elements and encoding:
                prop = _property(name, kinds, encoding)
                elements[-1] = replace(elements[-1], properties=(*elements[-1].properties, prop))
            case _:
                raise FormatError(f"the header's line {shown(' '.join(words))} is not a PLY's")
    _check_elements(elements)
    return Header(encoding == "ascii", tuple(elements))


def _property(name: str, kinds: list[str], encoding: str) -> Property:
    match kinds:
        case [kind] if kind in _TYPES:
            types = [kind]
        case ["list", length, kind] if length in _TYPES and kind in _TYPES:
            types = [kind, length]
        case _:
            raise FormatError(f"property {shown(name)} is of type {shown(' '.join(kinds))}")
    if encoding == "ascii":
        return Property(name, *(_TEXT for _ in types))
    return Property(name, *(np.dtype(_ORDERS[encoding] + _TYPES[kind]) for kind in types))


def _check_elements(elements: list[Element]) -> None:
    names = [(one.name, prop.name) for one in elements for prop in one.properties]
    if len(names) > MAX_PROPERTIES:
        raise FormatError(
            f"the header has {len(names):,} properties, the limit is {MAX_PROPERTIES}"
        )
    if len(set(names)) < len(names) or len({one.name for one in elements}) < len(elements):
        raise FormatError("the header names an element or a property twice")
    bare = [one for one in elements if not one.properties]
    if bare:
        raise FormatError(f"element {shown(bare[0].name)} has no properties")


def _check_size(header: Header, rest: int) -> None:
    """Decide before anything is read; where there are no lists the size is known exactly."""
    least = sum(one.count * one.least for one in header.elements)
    fixed = all(prop.length is None for one in header.elements for prop in one.properties)
    if rest < least or (fixed and rest > least):
        raise FormatError(
            f"the header says {'' if fixed else 'at least '}{least:,} bytes of rows, "
            f"the file has {rest:,}"
        )
