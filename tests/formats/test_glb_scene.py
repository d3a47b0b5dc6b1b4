import pytest
from format_files import refused, verified
from glb_builder import changed, tetrahedron


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([{"mesh": 0, "children": [0]}], "form a loop"),
        ([{"mesh": 0}, {"children": [2]}, {"children": [1]}], "form a loop"),
        ([{"children": [1, 1]}, {"mesh": 0}], "nodes[0] names child 1, which has a parent"),
        (
            [{"children": [2]}, {"children": [2]}, {"mesh": 0}],
            "nodes[1] names child 2, which has a parent",
        ),
        ([{}, {"mesh": 0}], "it has 1 primitives, 0 of them in a scene"),
        ([{"mesh": 0, "translation": [0, 0]}], "translation holds 2 numbers, 3 are needed"),
        ([{"mesh": 0, "rotation": [0, 0, 0, "1"]}], "rotation holds 3 numbers, 4 are needed"),
        ([{"mesh": 0, "scale": []}], "scale holds 0 numbers, 3 are needed"),
        ([{"mesh": 0, "matrix": [1] * 17}], "matrix holds 17 numbers, 16 are needed"),
    ],
)
def test_a_broken_tree_is_refused(nodes: object, reason: str) -> None:
    assert reason in refused(changed("nodes", nodes))


def test_a_scene_names_roots_only() -> None:
    model = tetrahedron()
    model.document["nodes"] = [{"children": [1]}, {"mesh": 0}]
    model.document["scenes"] = [{"nodes": [1]}]
    assert "a scene names node 1, which has a parent" in refused(model.pack())


def test_a_deep_tree_is_walked() -> None:
    chain = [{"children": [at + 1]} for at in range(20_000)]
    assert verified(changed("nodes", [*chain, {"mesh": 0, "matrix": [1.5] * 16}])).triangles == 4


def test_a_file_without_scenes_shows_all_its_meshes() -> None:
    model = tetrahedron()
    del model.document["scene"], model.document["scenes"], model.document["nodes"]
    assert verified(model.pack()).triangles == 4
