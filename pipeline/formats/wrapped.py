"""Models wrapped in text or gzip: unwrapped piece by piece, never past a cap."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import pybase64

from pipeline.errors import FormatError
from pipeline.formats.source import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PREFIX = re.compile(rb"\s*(?:data:[^,\s]{0,100};base64,)?")
_SPACE = re.compile(rb"\s+")
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_GZIP_OR_ZLIB = 47  # zlib's own number for "either header, largest window"


def decode_base64(source: BinaryIO, sink: BinaryIO) -> None:
    """Write the bytes that base64 text stands for, with or without `data:…;base64,` before it.

    Both alphabets of RFC 4648 are read (sections 4 and 5). White space is passed over.
    Raises FormatError for text that is none.
    """
    waiting = b""
    for block in _text(source):
        waiting += _SPACE.sub(b"", block).translate(_ONE_ALPHABET)
        whole = len(waiting) - len(waiting) % 4
        sink.write(_decoded(waiting[:whole]))
        waiting = waiting[whole:]
    sink.write(_decoded(waiting + b"=" * (-len(waiting) % 4)))


def gunzip(source: BinaryIO, sink: BinaryIO, most: int) -> None:
    """Write what a gzip stream holds. Raises FormatError for a broken one, or past `most`."""
    stream, size = zlib.decompressobj(_GZIP_OR_ZLIB), 0
    try:
        while block := source.read(BLOCK):
            while block:
                piece = stream.decompress(block, BLOCK)
                size += len(piece)
                if size > most:
                    raise FormatError(f"the gzip stream holds more than {most:,} bytes")
                sink.write(piece)
                block = stream.unconsumed_tail
    except zlib.error as error:
        raise FormatError(f"the gzip stream is broken ({error})") from error
    if not stream.eof:
        raise FormatError("the gzip stream is cut")


def _text(source: BinaryIO) -> Iterator[bytes]:
    first = source.read(BLOCK)
    yield _PREFIX.sub(b"", first, count=1)
    while block := source.read(BLOCK):
        yield block


def _decoded(text: bytes) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        raise FormatError(f"the base64 text is broken ({error})") from error
