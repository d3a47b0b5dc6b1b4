"""The rows of a PLY's tables, a block of like rows at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.errors import FormatError
from pipeline.formats.source import BLOCK
from pipeline.formats.summary import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from pipeline.formats.ply.header import Element

MAX_ROW = 256 << 10
"""Bytes of one row: a face of 64,000 corners."""

_MIXED = 256
"""Where fewer rows than this are alike, they are sorted by likeness one by one, for a while."""

_SORTED = 4_096


class Readable(Protocol):
    """Bytes in order: those of a binary file, or those made of a text."""

    def read(self, length: int, /) -> bytes:
        """Return some bytes, about `length`; none at the end."""


class Stream:
    """A `Readable` that can be looked into ahead."""

    def __init__(self, readable: Readable) -> None:
        self._readable = readable
        self._data = b""
        self._at = 0

    def ahead(self) -> memoryview:
        """Return what comes next: `MAX_ROW` bytes at least, but at the end."""
        while len(self._data) - self._at < MAX_ROW:
            more = self._readable.read(BLOCK)
            if not more:
                break
            self._data = self._data[self._at :] + more
            self._at = 0
        return memoryview(self._data)[self._at :]

    def skip(self, length: int) -> None:
        """Be done with some of what was ahead."""
        self._at += length

    def expect_end(self) -> None:
        """Refuse bytes behind the last row."""
        if len(self.ahead()):
            raise FormatError(f"at least {len(self.ahead()):,} bytes stand behind the last row")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a row lies in memory: where each property's values begin, and how many they are."""

    starts: tuple[int, ...]
    counts: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one layout: an array of bytes, a row each."""

    element: Element
    layout: Layout
    bytes: NDArray[np.uint8]

    def values(self, position: int) -> NDArray[Any]:
        """Take one property's values: (rows, values a row)."""
        item = self.element.properties[position].item
        start = self.layout.starts[position]
        end = start + self.layout.counts[position] * item.itemsize
        return np.ascontiguousarray(self.bytes[:, start:end]).view(item)


def rows(stream: Stream, element: Element) -> Iterator[Block]:
    """Read all rows of a table, not always in order; too few are a FormatError."""
    left = element.count
    while left:
        ahead = stream.ahead()
        layout = _layout(ahead, 0, element)
        if layout is None:
            raise FormatError(
                f"element {printable(element.name)} ends after {element.count - left:,} of its "
                f"{element.count:,} rows"
            )
        block = _alike(ahead, layout, element, left)
        blocks = [block] if len(block.bytes) >= _MIXED else _sorted(ahead, element, left)
        for one in blocks:
            yield one
            left -= len(one.bytes)
        stream.skip(sum(one.bytes.size for one in blocks))


def _layout(data: memoryview, at: int, element: Element) -> Layout | None:
    """Lay out the row at `at`; None if it is not all there."""
    starts, counts, end = [], [], at
    for prop in element.properties:
        count = 1
        if prop.length:
            if end + prop.length.itemsize > len(data):
                return None
            count = _count(data, end, prop.length, element)
            end += prop.length.itemsize
        starts.append(end - at)
        counts.append(count)
        end += count * prop.item.itemsize
    if end - at > MAX_ROW:
        raise FormatError(
            f"a row of element {printable(element.name)} has {end - at:,} bytes, too many"
        )
    return Layout(tuple(starts), tuple(counts), end - at) if end <= len(data) else None


def _count(data: memoryview, at: int, kind: np.dtype[Any], element: Element) -> int:
    value = np.frombuffer(data, kind, 1, at)[0]
    if not 0 <= value <= MAX_ROW or value % 1:
        raise FormatError(
            f"a list of element {printable(element.name)} is said to have {value} values"
        )
    return int(value)


def _alike(data: memoryview, layout: Layout, element: Element, left: int) -> Block:
    """Take the rows that are laid out as the first one is, as far as they go."""
    count = min(left, len(data) // layout.size)
    grid = np.frombuffer(data, np.uint8, count * layout.size).reshape(count, layout.size)
    alike = np.ones(count, np.bool_)
    for start, prop in zip(layout.starts, element.properties, strict=True):
        if prop.length:
            lengths = grid[:, start - prop.length.itemsize : start]
            alike &= (lengths == lengths[0]).all(axis=1)
    return Block(element, layout, grid if alike.all() else grid[: int(np.argmin(alike))])


def _sorted(data: memoryview, element: Element, left: int) -> list[Block]:
    """Take some rows of any layouts, and put like ones together."""
    found: defaultdict[Layout, list[memoryview]] = defaultdict(list)
    at = 0
    for _ in range(min(left, _SORTED)):
        layout = _layout(data, at, element)
        if layout is None:
            break
        found[layout].append(data[at : at + layout.size])
        at += layout.size
    return [
        Block(element, layout, np.frombuffer(b"".join(parts), np.uint8).reshape(-1, layout.size))
        for layout, parts in found.items()
    ]
