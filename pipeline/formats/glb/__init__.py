"""GLB, the binary form of glTF 2.0: container, document, accessors, scene, geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.formats.glb.accessors import read_accessors
from pipeline.formats.glb.buffers import read_views
from pipeline.formats.glb.container import open_container
from pipeline.formats.glb.document import parse
from pipeline.formats.glb.geometry import measure
from pipeline.formats.glb.images import check_images
from pipeline.formats.glb.primitives import read_primitives
from pipeline.formats.glb.references import check_references
from pipeline.formats.glb.scene import meshes_in_scenes
from pipeline.formats.magic import Format
from pipeline.formats.summary import Summary, printable

if TYPE_CHECKING:
    from typing import BinaryIO

    from pipeline.formats.glb.document import Item

__all__ = ["check"]


def check(file: BinaryIO, size: int) -> Summary:
    """Verify a GLB of `size` bytes as glTF 2.0 has it, and that it shows a model.

    Geometry packed by KHR_draco_mesh_compression or EXT_meshopt_compression is checked as far as
    the document describes it; the summary's notes then say so. Pictures are known by their first
    bytes, not decoded. Animations and skins are checked for their references only.
    """
    container = open_container(file, size)
    document = parse(container.json)
    check_references(document)
    views = read_views(document, container.binary)
    accessors = read_accessors(document, views)
    check_images(document, views)
    shape = measure(read_primitives(document, accessors), meshes_in_scenes(document))
    asset = document.item("asset")
    return Summary(
        Format.GLB,
        size,
        vertices=shape.vertices,
        triangles=shape.triangles,
        bounds=shape.bounds,
        meshes=len(document.items("meshes")),
        materials=len(document.items("materials")),
        textures=len(document.items("textures")),
        coloured=shape.coloured,
        generator=printable(asset.text("generator")) or None if asset else None,
        extensions=_extensions(document),
        notes=shape.notes,
    )


def _extensions(document: Item) -> tuple[str, ...]:
    return tuple(sorted({printable(name) for name in document.texts("extensionsUsed")}))
