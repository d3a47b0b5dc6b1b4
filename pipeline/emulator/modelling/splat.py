"""A model as Gaussian splats: one PLY, with the properties that splat viewers expect.

17 float32 a splat, 68 bytes, as the public sources of 3D Gaussian Splatting write them: colours
are the zeroth spherical harmonic, scales logarithms, opacities logits.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .glb import Model

_PROPERTIES = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)
_HARMONIC = 0.28209479177387814  # the constant spherical harmonic, 1 / (2 sqrt(pi))
_OPACITY = 4.0  # logit: 0.98
_MOST = 4_000  # splats: small, for what is only tried


def pack(model: Model, *, ascii_text: bool = False) -> bytes:
    """Write splats on the vertices of a model, at most 4,000 of them."""
    splats = _splats(model)
    lines = [
        "ply",
        f"format {'ascii' if ascii_text else 'binary_little_endian'} 1.0",
        f"element vertex {len(splats)}",
        *(f"property float {name}" for name in _PROPERTIES),
        "end_header\n",
    ]
    head = "\n".join(lines).encode()
    if not ascii_text:
        return head + splats.astype("<f4").tobytes()
    text = io.StringIO()
    np.savetxt(text, splats, fmt="%.6g")
    return head + text.getvalue().encode()


def _splats(model: Model) -> NDArray[np.float32]:
    chosen = np.arange(0, len(model.positions), -(-len(model.positions) // _MOST))
    count = len(chosen)
    scale = np.full((count, 3), np.log(1 / np.sqrt(count)), np.float32)
    turn = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    return np.concatenate(
        [
            model.positions[chosen],
            model.normals[chosen],
            (_colours(model, chosen) - 0.5) / _HARMONIC,
            np.full((count, 1), _OPACITY, np.float32),
            scale,
            turn,
        ],
        axis=1,
        dtype=np.float32,
    )


def _colours(model: Model, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
    """Look the texture up: (n, 3) from 0 to 1."""
    picture = np.asarray(Image.open(io.BytesIO(model.texture)).convert("RGB"), np.float32) / 255
    most = np.array([picture.shape[1] - 1, picture.shape[0] - 1])
    x, y = np.clip(model.coordinates[chosen] * most, 0, most).astype(np.int64).T
    return np.asarray(picture[y, x])
