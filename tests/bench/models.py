"""A result as the model makes them: a mesh with normals and texture coordinates, and a texture."""

from __future__ import annotations

from math import isqrt

import numpy as np
from glb_builder import Model, tetrahedron

from bench.photos import noise

_TEXTURE = 0.25  # of the file
_VERTEX = 12 + 12 + 8 + 2 * 12  # position, normal, texture coordinates; two triangles
_SMALL = 10_000


def model(size: int) -> bytes:
    """Build a whole GLB of about `size` bytes."""
    if size < _SMALL:
        return tetrahedron().pack()
    texture = noise(0, int(size * _TEXTURE))
    built = _surface(isqrt((size - len(texture)) // _VERTEX))
    built.document["images"] = [{"bufferView": built.view(texture), "mimeType": "image/png"}]
    return built.pack()


def _surface(side: int) -> Model:
    """Build a sheet with so many vertices a side."""
    across, down = np.meshgrid(*[np.linspace(0, 1, side, dtype="<f4")] * 2)
    places = np.stack([across, down, np.sin(across * 9) * np.cos(down * 9)], -1).reshape(-1, 3)
    normals = np.tile(np.array([[0, 0, 1]], "<f4"), (side * side, 1))
    coordinates = np.stack([across, down], -1).reshape(-1, 2)
    corner = np.arange(side * side, dtype="<u4").reshape(side, side)[:-1, :-1].reshape(-1, 1)
    triangles = corner + np.array([[0, 1, side, side, 1, side + 1]], "<u4")
    built = Model()
    built.primitive(built.accessor(places.astype("<f4")), built.accessor(triangles.reshape(-1)))
    attributes = built.document["meshes"][0]["primitives"][0]["attributes"]
    attributes["NORMAL"] = built.accessor(normals)
    attributes["TEXCOORD_0"] = built.accessor(coordinates)
    return built
