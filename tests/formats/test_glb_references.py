import pytest
from format_files import refused
from glb_builder import changed, glb

from pipeline.formats.glb.references import REFERENCES


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("scene", 1, "scene is 1, the file has 1 scenes"),
        ("scene", "0", "scene is '0', the file has 1 scenes"),
        ("scenes/0/nodes", [0, 9], "scenes[0].nodes[1] is 9, the file has 1 nodes"),
        ("scenes/0/nodes", 0, "scenes[0].nodes is 0, not an array or an object"),
        ("nodes/0/mesh", -1, "nodes[0].mesh is -1, the file has 1 meshes"),
        ("nodes/0/mesh", True, "nodes[0].mesh is True"),
        ("nodes/0/children", [1], "nodes[0].children[0] is 1, the file has 1 nodes"),
        ("nodes/0/skin", 0, "nodes[0].skin is 0, the file has 0 skins"),
        ("nodes/0/camera", 0, "nodes[0].camera is 0, the file has 0 cameras"),
        ("skins", [{"joints": [3]}], "skins[0].joints[0] is 3, the file has 1 nodes"),
        ("meshes/0/primitives/0/indices", 2, "primitives[0].indices is 2, the file has 2 acc"),
        ("meshes/0/primitives/0/material", 0, "material is 0, the file has 0 materials"),
        ("meshes/0/primitives/0/attributes/COLOR_0", 5, "COLOR_0 is 5, the file has 2 accessors"),
        ("meshes/0/primitives/0/targets", [{"POSITION": 8}], "targets[0].POSITION is 8"),
        ("accessors/0/bufferView", 2, "bufferView is 2, the file has 2 bufferViews"),
        ("accessors/0/sparse", 1, "accessors[0].sparse is 1, not an object"),
        ("bufferViews/0/buffer", 1, "bufferViews[0].buffer is 1, the file has 1 buffers"),
        ("textures", [{"source": 0}], "textures[0].source is 0, the file has 0 images"),
        ("textures", [{"sampler": 0}], "textures[0].sampler is 0, the file has 0 samplers"),
        ("images", [{"bufferView": 7}], "images[0].bufferView is 7, the file has 2 bufferViews"),
        (
            "materials",
            [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
            "pbrMetallicRoughness.baseColorTexture.index is 0, the file has 0 textures",
        ),
    ],
)
def test_an_index_that_points_at_nothing_is_refused(path: str, value: object, reason: str) -> None:
    assert reason in refused(changed(path, value))


@pytest.mark.parametrize("path", REFERENCES)
def test_every_reference_of_the_table_is_followed(path: str) -> None:
    """Build the whole path, around an index that no array is long enough for."""
    *parents, last = path.split("/")
    value: object = [99] if last == "*" else {last: 99}
    for name in reversed(parents[1:]):
        value = [value] if name == "*" else {name: value}
    document = {"asset": {"version": "2.0"}, **({parents[0]: value} if parents else {last: 99})}
    assert " is 99, the file has" in refused(glb(document))
