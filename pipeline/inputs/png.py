"""PNG files by their chunks (PNG specification, section 5): what they hold, no picture made."""

from __future__ import annotations

import io
import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12  # a chunk's length, name and CRC, of four bytes each
_MOST_CHUNKS = 100_000  # 64 MiB in the pieces of 8 KiB that libpng writes are 8,192
_INFLATED = 1 << 20
_LAST_FILTER = 4
_PLAIN_RGB = bytes((8, 2, 0, 0, 0))  # depth, colour type, compression, filter, interlace
_IN_ORDER = re.compile(
    rb"IHDR(?:(?!IHDR|IDAT|IEND).{4})*(?:IDAT)+(?:(?!IHDR|IDAT|IEND).{4})*IEND", re.DOTALL
)
_DESCRIBES = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0", b"exif\0", b"xmp\0")


class _Chunk(NamedTuple):
    """A chunk's name, and where its name begins and its data end in the file."""

    name: bytes
    start: int
    end: int


def late_info(data: bytes) -> dict[str, object]:
    """Give what stands behind a PNG's pixels and may say how to turn it, as Pillow reads it.

    Pillow itself decodes the pixels first. Raises what it raises on damaged files.
    """
    late = b"".join(_framed(data[chunk.start : chunk.end]) for chunk in _late(data))
    if not late:
        return {}
    header = data[: len(_SIGNATURE) + _FRAME + 13]  # IHDR has 13 bytes (section 11.2.2)
    with Image.open(io.BytesIO(header + late + _framed(b"IDAT")), formats=("PNG",)) as picture:
        return {str(key): value for key, value in picture.info.items()}


def is_whole(data: bytes) -> bool:
    """Tell whether an RGB PNG of 8 bits, not interlaced, has all of its pixels, each row readable.

    What is decoded is checked and let go of: it takes a third of the time that a picture does.
    Sizes, filters and the sum behind the pixels hold (sections 7.2, 9.2 and 10.1), and so do the
    sums of all other chunks. False says no more than that somebody else has to look.
    """
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if data[24:29] != _PLAIN_RGB:
        return False
    rows, inflate, seen = _Rows(3 * width + 1), zlib.decompressobj(), []
    try:
        for chunk in _chunks(data):
            seen.append(chunk.name)
            content = memoryview(data)[chunk.start : chunk.end]
            if chunk.name == b"IDAT":
                if not rows.take(inflate, content[4:], height):
                    return False
            elif zlib.crc32(content) != int.from_bytes(data[chunk.end : chunk.end + 4], "big"):
                return False
            if len(seen) == _MOST_CHUNKS:
                return False
    except zlib.error:
        return False
    in_order = _IN_ORDER.fullmatch(b"".join(seen)) is not None
    return in_order and inflate.eof and rows.size == rows.stride * height


class _Rows:
    """Rows of pixels as they come out of a PNG, behind a byte each that tells their filter."""

    def __init__(self, stride: int) -> None:
        self.stride = stride
        self.size = 0

    def take(self, inflate: zlib._Decompress, some: bytes | memoryview, height: int) -> bool:
        """Inflate some; tell whether it can be of `height` rows."""
        while True:
            plain = inflate.decompress(some, _INFLATED)
            filters = plain[-self.size % self.stride :: self.stride]
            self.size += len(plain)
            if self.size > self.stride * height or (filters and max(filters) > _LAST_FILTER):
                return False
            some = inflate.unconsumed_tail
            if not some and len(plain) < _INFLATED:
                return not inflate.unused_data


def _late(data: bytes) -> Iterator[_Chunk]:
    behind = False
    for chunk in islice(_chunks(data), _MOST_CHUNKS):
        behind |= chunk.name == b"IDAT"
        if behind and chunk.name == b"fcTL":
            return  # another picture of a film
        text = chunk.name in {b"tEXt", b"zTXt", b"iTXt"}
        describes = text and data.startswith(_DESCRIBES, chunk.start + 4, chunk.end)
        if behind and (describes or chunk.name == b"eXIf"):
            yield chunk


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Give the chunks of a PNG up to its end, or up to what is none."""
    start = len(_SIGNATURE) if data.startswith(_SIGNATURE) else len(data)
    while (end := start + 8 + int.from_bytes(data[start : start + 4], "big")) <= len(data) - 4:
        chunk = _Chunk(data[start + 4 : start + 8], start + 4, end)
        yield chunk
        if chunk.name == b"IEND":
            return
        start = end + 4


def _framed(content: bytes) -> bytes:
    """Put a length and a CRC around a chunk's name and data."""
    length, crc = len(content) - 4, zlib.crc32(content)
    return length.to_bytes(4, "big") + content + crc.to_bytes(4, "big")
