"""Small GLB files, whole and broken."""

import json
import struct
from typing import Any

import numpy as np

BOX = ((0.0, 0.0, 0.0), (1.0, 2.0, 3.0))
TETRAHEDRON = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], "<f4")
CORNERS = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], "<u2")

Document = dict[str, Any]


def chunk(kind: bytes, data: bytes, fill: bytes) -> bytes:
    data += fill * (-len(data) % 4)
    return struct.pack("<I4s", len(data), kind) + data


def container(*chunks: bytes, version: int = 2, length: int | None = None) -> bytes:
    body = b"".join(chunks)
    return struct.pack("<4sII", b"glTF", version, length or 12 + len(body)) + body


def glb(document: object, binary: bytes | None = None) -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    chunks = [chunk(b"JSON", text, b" ")]
    if binary is not None:
        chunks.append(chunk(b"BIN\0", binary, b"\0"))
    return container(*chunks)


class Model:
    """A document that grows with its binary part; by itself a shown mesh without primitives."""

    def __init__(self) -> None:
        self.binary = b""
        self.document: Document = {
            "asset": {"version": "2.0", "generator": "tests"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": []}],
            "accessors": [],
            "bufferViews": [],
            "buffers": [{"byteLength": 0}],
        }

    def view(self, data: bytes, **fields: object) -> int:
        """Append bytes and a view of them."""
        self.binary += b"\0" * (-len(self.binary) % 4)
        place = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self.document["bufferViews"].append(place | fields)
        self.binary += data
        self.document["buffers"][0]["byteLength"] = len(self.binary)
        return len(self.document["bufferViews"]) - 1

    def accessor(self, values: np.ndarray[Any, Any], **fields: object) -> int:
        """Append an array, and a view of it unless `fields` name one."""
        codes = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
        width = values.shape[1] if values.ndim > 1 else 1
        entry: Document = {
            "componentType": codes[values.dtype.str[1:]],
            "count": len(values),
            "type": "SCALAR" if width == 1 else f"VEC{width}",
        }
        if width == 3:
            entry |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        if "bufferView" not in fields:
            entry["bufferView"] = self.view(values.tobytes())
        self.document["accessors"].append(entry | fields)
        return len(self.document["accessors"]) - 1

    def primitive(self, position: int, indices: int | None = None, **fields: object) -> None:
        entry: Document = {"attributes": {"POSITION": position}}
        if indices is not None:
            entry["indices"] = indices
        self.document["meshes"][0]["primitives"].append(entry | fields)

    def pack(self) -> bytes:
        return glb(self.document, self.binary)


def tetrahedron(indices: str = "<u2") -> Model:
    model = Model()
    model.primitive(
        model.accessor(TETRAHEDRON), model.accessor(CORNERS.astype(indices).reshape(-1))
    )
    return model


def changed(path: str, value: object) -> bytes:
    """A tetrahedron with one field of its document set, or taken out by `...`."""
    model = tetrahedron()
    here: Any = model.document
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    for step in parents:
        here = here[step]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return model.pack()
