"""Small PLY files, whole and broken."""

from collections.abc import Sequence

import numpy as np

BOX = ((0.0, 0.0, 0.0), (1.0, 2.0, 3.0))
CORNERS = [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3)]
FACES: list[Sequence[float]] = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]

ASCII, LITTLE, BIG = "ascii", "binary_little_endian", "binary_big_endian"
ORDERS = {LITTLE: "<", BIG: ">"}

SPLAT = [
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
]
VERTEX = ["float x", "float y", "float z"]


def header(encoding: str, *lines: str) -> bytes:
    return "\n".join(["ply", f"format {encoding} 1.0", *lines, "end_header", ""]).encode()


def mesh_header(
    encoding: str,
    vertices: object = len(CORNERS),
    faces: object = len(FACES),
    face: str = "list uchar int vertex_indices",
) -> bytes:
    return header(
        encoding,
        "comment made by tests",
        f"element vertex {vertices}",
        *(f"property {prop}" for prop in VERTEX),
        f"element face {faces}",
        f"property {face}",
    )


def vertex_rows(encoding: str, corners: Sequence[Sequence[float]] = CORNERS) -> bytes:
    if encoding == ASCII:
        return "".join(f"{x} {y} {z}\n" for x, y, z in corners).encode()
    return np.array(corners, ORDERS[encoding] + "f4").tobytes()


def face_rows(encoding: str, faces: Sequence[Sequence[float]] = FACES) -> bytes:
    if encoding == ASCII:
        return "".join(f"{len(face)} {' '.join(map(str, face))}\n" for face in faces).encode()
    kind = ORDERS[encoding] + "i4"
    return b"".join(bytes([len(face)]) + np.array(face, kind).tobytes() for face in faces)


def mesh(encoding: str, faces: Sequence[Sequence[float]] = FACES) -> bytes:
    rows = vertex_rows(encoding) + face_rows(encoding, faces)
    return mesh_header(encoding, faces=len(faces)) + rows


def splat(count: int, *names: str) -> bytes:
    names = names or tuple(SPLAT)
    rows = np.arange(count * len(names), dtype="<f4").tobytes()
    properties = (f"property float {name}" for name in names)
    return header(LITTLE, f"element vertex {count}", *properties) + rows
