"""Values of a manifest with the places they stand at."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pipeline.manifest.faults import Path, Place, clipped

if TYPE_CHECKING:
    from pipeline.manifest.scalars import Plain


class Broken(Enum):
    """The kind of `BROKEN`."""

    BROKEN = "broken"


BROKEN: Final = Broken.BROKEN
"""In place of a value whose fault is already told: nothing more is said about it."""


class Scalar(NamedTuple):
    """A text, number, boolean or null; `text` is how it is written.

    Nodes are tuples and not dataclasses: a large manifest has millions, and tuples are built
    three times as fast.
    """

    value: Plain | Broken
    text: str
    place: Place


class Sequence(NamedTuple):
    """A list."""

    items: list[Node]
    place: Place


class Entry(NamedTuple):
    """A key's place and its value."""

    place: Place
    node: Node


class Mapping(NamedTuple):
    """Keys and values; keys are text as written."""

    entries: dict[str, Entry]
    place: Place


Node: TypeAlias = Scalar | Sequence | Mapping


def value(node: Node) -> Any:
    """Give a node as Python has it (numbers with a point are Decimal), or `BROKEN`."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        items = [value(item) for item in node.items]
        return BROKEN if BROKEN in items else items
    fields = {key: value(entry.node) for key, entry in node.entries.items()}
    return BROKEN if BROKEN in fields.values() else fields


def fields(mapping: Mapping) -> tuple[dict[str, Any], set[str]]:
    """Give a mapping's values, and the keys of those that are broken."""
    values = {key: value(entry.node) for key, entry in mapping.entries.items()}
    broken = {key for key, given in values.items() if given is BROKEN}
    for key in broken:
        del values[key]
    return values, broken


def at(node: Node, path: Path) -> Node:
    """Find the value at a path inside a node, or what comes nearest to it."""
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            node = node.entries[step].node
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
    return node


def shown(node: Node) -> str:
    """Name a value in a message."""
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar(str(text)):
            return f"the text {clipped(text)}"
        case Scalar(None):
            return "null"
        case _:
            return node.text
