"""Every index of the document points at something (glTF 2.0 specification, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipeline.errors import FormatError
from pipeline.formats.summary import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.formats.glb.document import Item
    from pipeline.model import Json

REFERENCES: Mapping[str, str] = {
    "scene": "scenes",
    "scenes/*/nodes/*": "nodes",
    "nodes/*/children/*": "nodes",
    "nodes/*/mesh": "meshes",
    "nodes/*/skin": "skins",
    "nodes/*/camera": "cameras",
    "skins/*/joints/*": "nodes",
    "skins/*/skeleton": "nodes",
    "skins/*/inverseBindMatrices": "accessors",
    "animations/*/channels/*/target/node": "nodes",
    "animations/*/samplers/*/input": "accessors",
    "animations/*/samplers/*/output": "accessors",
    "meshes/*/primitives/*/indices": "accessors",
    "meshes/*/primitives/*/material": "materials",
    "meshes/*/primitives/*/attributes/*": "accessors",
    "meshes/*/primitives/*/targets/*/*": "accessors",
    "meshes/*/primitives/*/extensions/KHR_draco_mesh_compression/bufferView": "bufferViews",
    "materials/*/normalTexture/index": "textures",
    "materials/*/occlusionTexture/index": "textures",
    "materials/*/emissiveTexture/index": "textures",
    "materials/*/pbrMetallicRoughness/baseColorTexture/index": "textures",
    "materials/*/pbrMetallicRoughness/metallicRoughnessTexture/index": "textures",
    "textures/*/source": "images",
    "textures/*/sampler": "samplers",
    "textures/*/extensions/EXT_texture_webp/source": "images",
    "textures/*/extensions/KHR_texture_basisu/source": "images",
    "images/*/bufferView": "bufferViews",
    "accessors/*/bufferView": "bufferViews",
    "accessors/*/sparse/indices/bufferView": "bufferViews",
    "accessors/*/sparse/values/bufferView": "bufferViews",
    "bufferViews/*/buffer": "buffers",
    "bufferViews/*/extensions/EXT_meshopt_compression/buffer": "buffers",
    "bufferViews/*/extensions/KHR_meshopt_compression/buffer": "buffers",
}
"""Where an index stands, and the array it points into; `*` is every member of what is there."""


_Paths = dict[str, "_Paths | str"]


def _paths() -> _Paths:
    """Arrange the references by their first steps: a document is then gone through once."""
    root: _Paths = {}
    for path, target in REFERENCES.items():
        *steps, last = path.split("/")
        paths = root
        for step in steps:
            paths = cast("_Paths", paths.setdefault(step, {}))
        paths[last] = target
    return root


_ROOT = _paths()
_TARGETS = tuple(dict.fromkeys(REFERENCES.values()))


def check_references(document: Item) -> None:
    """Refuse an index that is no integer or points past the end of its array."""
    sizes = {target: len(document.array(target)) for target in _TARGETS}
    for where, value, target in _found(document.fields, _ROOT, ""):
        if type(value) is not int or not 0 <= value < sizes[target]:
            raise FormatError(f"{where} is {shown(value)}, the file has {sizes[target]:,} {target}")


def _found(value: Json, paths: _Paths | str, where: str) -> Iterator[tuple[str, Json, str]]:
    """Give each reference: where it stands, its value, and what it points into."""
    if isinstance(paths, str):
        yield where, value, paths
    elif "*" in paths:
        for place, member in _members(value, where):
            yield from _found(member, paths["*"], place)
    elif not isinstance(value, dict):
        raise FormatError(f"{where} is {shown(value)}, not an object")
    else:
        for step, further in paths.items():
            if step in value:
                yield from _found(value[step], further, f"{where}.{step}".removeprefix("."))


def _members(value: Json, where: str) -> list[tuple[str, Json]]:
    if isinstance(value, list):
        return [(f"{where}[{at}]", member) for at, member in enumerate(value)]
    if isinstance(value, dict):
        return [(f"{where}.{printable(name)}", member) for name, member in value.items()]
    raise FormatError(f"{where} is {shown(value)}, not an array or an object")
