"""The GLB container: header and chunks (glTF 2.0 specification, section 4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_JSON = 16 << 20
MAX_CHUNKS = 64

_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_JSON = b"JSON"
_BIN = b"BIN\0"


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes of a source, from `start`, `length` of them."""

    source: Source
    start: int
    length: int

    def read(self, offset: int, length: int) -> bytes:
        """Read exactly `length` bytes from `offset` on, which lie inside."""
        return self.source.read(self.start + offset, length)


@dataclass(frozen=True, slots=True)
class Container:
    """A GLB taken apart; `binary` is None where it has no BIN chunk."""

    json: bytes
    binary: Region | None


def open_container(file: BinaryIO, size: int) -> Container:
    """Check the header and the chunks of a GLB of `size` bytes, and read its JSON chunk."""
    source = Source(file, size)
    _check_header(source)
    chunks = list(_chunks(source))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [_JSON] or kinds.count(_JSON) > 1:
        raise FormatError(f"it has {kinds.count(_JSON)} JSON chunks, one is needed, at the start")
    if kinds.count(_BIN) > 1 or _BIN in kinds[2:]:
        raise FormatError(f"it has {kinds.count(_BIN)} BIN chunks, the second chunk alone may be")
    json = chunks[0][1]
    if json.length > MAX_JSON:
        raise FormatError(f"its JSON chunk has {json.length:,} bytes, the limit is {MAX_JSON:,}")
    return Container(json.read(0, json.length), chunks[1][1] if _BIN in kinds else None)


def _check_header(source: Source) -> None:
    if source.size < _HEADER.size:
        raise FormatError(f"a GLB header has {_HEADER.size} bytes, the file has {source.size}")
    _, version, length = _HEADER.unpack(source.read(0, _HEADER.size))
    if version != 2:
        raise FormatError(f"it is a GLB of version {version:,}, only version 2 is known")
    if length != source.size:
        raise FormatError(f"the header says {length:,} bytes, the file has {source.size:,}")


def _chunks(source: Source) -> Iterator[tuple[bytes, Region]]:
    at = _HEADER.size
    for number in range(MAX_CHUNKS):
        if at == source.size:
            return
        if at + _CHUNK.size > source.size:
            raise FormatError(f"chunk {number} begins at byte {at:,} of {source.size:,}, too late")
        length, kind = _CHUNK.unpack(source.read(at, _CHUNK.size))
        at += _CHUNK.size
        if at + length > source.size:
            raise FormatError(
                f"chunk {number} says {length:,} bytes, {source.size - at:,} are left"
            )
        if length % 4:
            raise FormatError(f"chunk {number} has {length:,} bytes, not a multiple of 4")
        yield kind, Region(source, at, length)
        at += length
    if at != source.size:
        raise FormatError(f"it has more than {MAX_CHUNKS} chunks")
