"""The tree of nodes, and the meshes that stand in it (glTF 2.0 specification, section 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipeline.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.formats.glb.document import Item

_LENGTHS = {"matrix": 16, "translation": 3, "rotation": 4, "scale": 3}


def meshes_in_scenes(document: Item) -> set[int]:
    """Check the tree and return the meshes that some scene shows.

    Each node has one parent at most and is not its own ancestor; scenes name roots. A file without
    scenes is a library of meshes: all of them count.
    """
    nodes = document.items("nodes")
    for node in nodes:
        _check_transform(node)
    children = [cast("list[int]", node.array("children")) for node in nodes]
    roots = _roots(children)
    if len(_reached(roots, children)) < len(nodes):
        raise FormatError("some of its nodes are their own ancestors: they form a loop")
    scenes = document.items("scenes")
    if not scenes:
        return set(range(len(document.items("meshes"))))
    starts = {start for scene in scenes for start in cast("list[int]", scene.array("nodes"))}
    if not starts <= roots:
        raise FormatError(f"a scene names node {min(starts - roots):,}, which has a parent")
    shown = (nodes[at].index("mesh") for at in _reached(starts, children))
    return {mesh for mesh in shown if mesh is not None}


def _check_transform(node: Item) -> None:
    for key, length in _LENGTHS.items():
        values = node.array(key)
        numbers = sum(type(value) in (int, float) for value in values)
        if key in node.fields and (numbers, len(values)) != (length, length):
            raise FormatError(f"{node.path(key)} holds {numbers:,} numbers, {length} are needed")


def _roots(children: list[list[int]]) -> set[int]:
    roots = set(range(len(children)))
    for parent, below in enumerate(children):
        for child in below:
            if child not in roots:
                raise FormatError(f"nodes[{parent}] names child {child:,}, which has a parent")
            roots.remove(child)
    return roots


def _reached(starts: Iterable[int], children: list[list[int]]) -> list[int]:
    """Walk trees down; every node has one parent, so none is met twice."""
    reached = list(starts)
    for node in reached:
        reached.extend(children[node])
    return reached
