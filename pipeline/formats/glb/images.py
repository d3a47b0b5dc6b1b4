"""Pictures inside the file: what their first bytes are (glTF 2.0 specification, section 3.8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.glb.buffers import data_uri
from pipeline.formats.magic import HEAD_BYTES, Format, sniff
from pipeline.formats.summary import shown

if TYPE_CHECKING:
    from pipeline.formats.glb.buffers import View
    from pipeline.formats.glb.document import Item

PICTURES = (Format.PNG, Format.JPEG, Format.WEBP, Format.KTX2)
"""The last two by EXT_texture_webp and KHR_texture_basisu."""


def check_images(document: Item, views: list[View]) -> None:
    """Refuse an image that is no picture, or lies outside the file; none is decoded."""
    for item in document.items("images"):
        head = _head(item, views)
        if sniff(head) not in PICTURES:
            raise FormatError(f"{item.where} begins with {shown(head[:16])}, not as a picture")


def _head(item: Item, views: list[View]) -> bytes:
    if "uri" in item.fields:
        return data_uri(item.text("uri"), item.where)[:HEAD_BYTES]
    view = views[item.integer("bufferView")]
    if view.region is None:
        raise FormatError(f"{item.where} lies in {view.where}, which is packed as geometry")
    return view.region.read(0, min(view.length, HEAD_BYTES))
