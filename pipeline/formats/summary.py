"""What a verified file turned out to hold, and how its text is quoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pipeline.formats.magic import Format

Point: TypeAlias = tuple[float, float, float]
Bounds: TypeAlias = tuple[Point, Point]
"""The lowest and the highest corner of a box."""

_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Summary:
    """A file that passed, for the sidecar and the report.

    `bounds` are in the file's own units, before any node's transform; they may be wider than the
    model where accessors are sparse, and are None where nothing states them. `vertices` and
    `triangles` are those stored, each once, however often a mesh is placed; a polygon of n corners
    counts as n - 2 triangles. `coloured` means colours at vertices or splats, not in a texture.
    `notes` say, a sentence each, what is not right though viewers cope, and what could not be
    checked. All text is printable ASCII.
    """

    format: Format
    bytes: int
    vertices: int = 0
    triangles: int = 0
    splats: int = 0
    bounds: Bounds | None = None
    meshes: int = 0
    materials: int = 0
    textures: int = 0
    members: int = 0
    coloured: bool = False
    generator: str | None = None
    extensions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def printable(text: str) -> str:
    """Cut and escape a file's own text: it may hold control characters, and be endless."""
    return ascii(text[:_QUOTED])[1:-1]


def shown(value: object) -> str:
    """Quote a file's own value in a message, at a bounded length."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    if isinstance(value, str | bytes):
        return ascii(value[:_QUOTED])
    return ascii(value)[:_QUOTED]
