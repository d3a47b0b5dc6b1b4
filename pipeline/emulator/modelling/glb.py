"""A model as one binary glTF 2.0 file."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# glTF 2.0: section 4.4 (GLB), 5.1 (accessor types), 5.11 (buffer view targets).
_MAGIC, _VERSION, _JSON, _BIN = b"glTF", 2, b"JSON", b"BIN\0"
_FLOAT, _UBYTE, _USHORT, _UINT = 5126, 5121, 5123, 5125
_VERTICES, _INDICES = 34962, 34963
_MOST_USHORT = 65_535  # as an index it is the primitive restart value


@dataclass(frozen=True, slots=True)
class Model:
    """Positions, normals (n, 3) and texture coordinates (n, 2) float32; colours (n, 4) uint8.

    Triangles (m, 3) run counter-clockwise seen from outside; the texture is a JPEG.
    """

    positions: NDArray[np.float32]
    normals: NDArray[np.float32]
    coordinates: NDArray[np.float32]
    colours: NDArray[np.uint8]
    triangles: NDArray[np.int64]
    texture: bytes


def pack(model: Model, extras: dict[str, Any]) -> bytes:
    """Write the model; `extras` go into the asset."""
    small = len(model.positions) < _MOST_USHORT
    indices = model.triangles.astype(np.uint16 if small else np.uint32).ravel()
    parts = [
        (model.positions.tobytes(), _VERTICES),
        (model.normals.tobytes(), _VERTICES),
        (model.coordinates.tobytes(), _VERTICES),
        (model.colours.tobytes(), _VERTICES),
        (indices.tobytes(), _INDICES),
        (model.texture, None),
    ]
    binary, views = _views(parts)
    count = len(model.positions)
    accessors = [
        _accessor(0, _FLOAT, count, "VEC3")
        | {"min": model.positions.min(0).tolist(), "max": model.positions.max(0).tolist()},
        _accessor(1, _FLOAT, count, "VEC3"),
        _accessor(2, _FLOAT, count, "VEC2"),
        _accessor(3, _UBYTE, count, "VEC4") | {"normalized": True},
        _accessor(4, _USHORT if small else _UINT, indices.size, "SCALAR"),
    ]
    return _file(_document(extras) | {"accessors": accessors} | views, binary)


def _document(extras: dict[str, Any]) -> dict[str, Any]:
    attributes = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2, "COLOR_0": 3}
    surface = {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 0.85}
    return {
        "asset": {
            "version": "2.0",
            "generator": "catalog3d local emulator: a relief of the photo, not SAM 3D Objects",
            "extras": extras,
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "object"}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 4, "material": 0}]}],
        "materials": [{"name": "photograph", "pbrMetallicRoughness": surface}],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
        "images": [{"bufferView": 5, "mimeType": "image/jpeg"}],
    }


def _accessor(view: int, component: int, count: int, kind: str) -> dict[str, Any]:
    return {"bufferView": view, "componentType": component, "count": count, "type": kind}


def _views(parts: list[tuple[bytes, int | None]]) -> tuple[bytes, dict[str, Any]]:
    binary, views = bytearray(), []
    for data, target in parts:
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)}
        views.append(view | ({} if target is None else {"target": target}))
        binary += _padded(data, b"\0")
    buffers = [{"byteLength": len(binary)}]
    return bytes(binary), {"bufferViews": views, "buffers": buffers}


def _file(document: dict[str, Any], binary: bytes) -> bytes:
    text = _padded(json.dumps(document, separators=(",", ":")).encode(), b" ")
    size = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<4sII", _MAGIC, _VERSION, size),
            struct.pack("<I4s", len(text), _JSON),
            text,
            struct.pack("<I4s", len(binary), _BIN),
            binary,
        ]
    )


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % 4)
