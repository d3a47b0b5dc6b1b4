"""Buffers and the views into them (glTF 2.0 specification, sections 3.6.1 and 5.10, 5.11)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.glb.container import Region
from pipeline.formats.source import Source
from pipeline.formats.summary import shown

if TYPE_CHECKING:
    from pipeline.formats.glb.document import Item

MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
"""Views packed by these stand for bytes that are not in the file."""

_DATA_URI = re.compile(r"data:[^,]{0,200};base64,")
_MAX_STRIDE = 252


@dataclass(frozen=True, slots=True)
class View:
    """A range of a buffer. `region` is None where its bytes come only of unpacking."""

    where: str
    length: int
    start: int
    stride: int | None
    region: Region | None


def read_views(document: Item, binary: Region | None) -> list[View]:
    """Check all buffers and views: each lies inside what it is part of."""
    buffers = [
        _buffer(item, binary if at == 0 else None)
        for at, item in enumerate(document.items("buffers"))
    ]
    lengths = [item.integer("byteLength", least=1) for item in document.items("buffers")]
    return [_view(item, buffers, lengths) for item in document.items("bufferViews")]


def data_uri(uri: str, where: str) -> bytes:
    """Decode a data URI; what refers outside the file is refused, it was not delivered."""
    prefix = _DATA_URI.match(uri)
    if prefix is None:
        raise FormatError(f"{where}.uri refers to something outside the file: {shown(uri)}")
    try:
        return binascii.a2b_base64(uri[prefix.end() :], strict_mode=True)
    except ValueError as error:
        raise FormatError(f"{where}.uri is not base64: {error}") from error


def _buffer(item: Item, binary: Region | None) -> Region | None:
    length = item.integer("byteLength", least=1)
    if "uri" in item.fields:
        data = data_uri(item.text("uri"), item.where)
        found, holder = Region(Source(BytesIO(data), len(data)), 0, len(data)), "its data URI"
    elif binary is not None:
        found, holder = binary, "the BIN chunk"
    elif item.extension(*MESHOPT):
        return None
    else:
        raise FormatError(f"{item.where} says {length:,} bytes, the file has none for it")
    if length > found.length:
        raise FormatError(f"{item.where} says {length:,} bytes, {holder} has {found.length:,}")
    return found


def _view(item: Item, buffers: list[Region | None], lengths: list[int]) -> View:
    buffer = item.integer("buffer")
    start, length = _range(item, lengths[buffer])
    packed = item.extension(*MESHOPT)
    if packed:
        _range(packed, lengths[packed.integer("buffer")])
    stride = item.integer("byteStride", least=4) if "byteStride" in item.fields else None
    if stride is not None and (stride > _MAX_STRIDE or stride % 4):
        raise FormatError(
            f"{item.path('byteStride')} is {stride:,}, not a multiple of 4 from 4 to {_MAX_STRIDE}"
        )
    region = buffers[buffer]
    if packed or region is None:
        return View(item.where, length, start, stride, None)
    inside = Region(region.source, region.start + start, length)
    return View(item.where, length, start, stride, inside)


def _range(item: Item, size: int) -> tuple[int, int]:
    start, length = item.integer("byteOffset", default=0), item.integer("byteLength", least=1)
    if start + length > size:
        raise FormatError(
            f"{item.where} reaches byte {start + length:,} of a buffer of {size:,} bytes"
        )
    return start, length
