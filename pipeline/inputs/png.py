"""PNG files by their chunks (PNG specification, section 5): what they hold, nothing decoded."""

from __future__ import annotations

import io
import zlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12  # a chunk's length, name and CRC, of four bytes each
_MOST_CHUNKS = 100_000  # 64 MiB in the pieces of 8 KiB that libpng writes are 8,192
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
