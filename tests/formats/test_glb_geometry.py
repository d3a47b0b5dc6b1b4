import numpy as np
import pytest
from format_files import refused, verified
from glb_builder import BOX, CORNERS, TETRAHEDRON, Model, changed, glb, tetrahedron

from pipeline.formats import Format


def drawn(positions: object, indices: object = None, kind: str = "<u2", **fields: object) -> bytes:
    """One primitive of these arrays, its bounds unstated."""
    model = Model()
    position = model.accessor(np.array(positions, "<f4"), min=[], max=[])
    model.primitive(
        position, None if indices is None else model.accessor(np.array(indices, kind)), **fields
    )
    return model.pack()


@pytest.mark.parametrize("kind", ["u1", "<u2", "<u4"])
def test_a_tetrahedron_is_summed_up(kind: str) -> None:
    data = tetrahedron(kind).pack()
    summary = verified(data)
    assert (summary.format, summary.bytes) == (Format.GLB, len(data))
    assert (summary.vertices, summary.triangles, summary.meshes) == (4, 4, 1)
    assert summary.bounds == BOX
    assert summary.generator == "tests"
    assert not summary.coloured
    assert summary.notes == ()


@pytest.mark.parametrize(
    ("mode", "triangles"),
    [(4, 6 // 3), (5, 6 - 2), (6, 6 - 2)],
)
def test_triangles_are_counted_by_mode(mode: int, triangles: int) -> None:
    corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0], [2, 2, 1]]
    assert verified(drawn(corners, mode=mode)).triangles == triangles
    assert verified(drawn(corners, range(6), mode=mode)).triangles == triangles


LINE = [[0, 0, 0], [1, 0, 0], [2, 1, 0]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (drawn(LINE, [0, 1, 3]), "has index 3, there are 3 vertices"),
        (drawn(LINE, [0, 1, 2**32 - 1], "<u4"), "has index 4,294,967,295, there are 3 vertices"),
        (drawn(LINE, [0, 0, 0]), "its indices run from 0 to 0"),
        (drawn(LINE, [0, 1, 1]), "its indices run from 0 to 1"),
        (drawn(LINE, [0.0, 1.0, 2.0], "<f4"), "holds indices as SCALAR of float32"),
        (drawn(LINE, [[0, 1], [2, 0]]), "holds indices as VEC2 of uint16"),
        (drawn(LINE, [0, 1, 2], "<i2"), "holds indices as SCALAR of int16"),
        (drawn(LINE, [0, 1]), "it draws no triangle: it has 1 primitives, 1 of them in a scene"),
        (drawn(LINE, mode=0), "it draws no triangle"),
        (drawn(LINE, mode=3), "it draws no triangle"),
        (drawn(LINE, mode=7), "mode is 7, the modes are 0 to 6"),
        (drawn([[0, 0, 0], [1, np.nan, 0], [2, 1, 0]]), "accessors[0]: position 1 is not finite"),
        (drawn([[0, 0, 0], [1, 0, 0], [np.inf, 1, 0]]), "accessors[0]: position 2 is not finite"),
        (drawn([[1, 2, 3]] * 3), "all 3 positions are the same point, (1.0, 2.0, 3.0)"),
        (drawn([[0, 0], [1, 0], [0, 1]]), "holds positions as VEC2 of float32"),
        (Model().pack(), "buffers[0].byteLength is 0"),
    ],
)
def test_a_model_that_cannot_be_drawn_is_refused(data: bytes, reason: str) -> None:
    assert reason in refused(data)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("meshes/0/primitives", [], "it draws no triangle: it has 0 primitives, 0 of them"),
        ("meshes", [], "nodes[0].mesh is 0, the file has 0 meshes"),
        ("meshes/0/primitives/0/attributes", {}, "meshes[0].primitives[0] has no positions"),
        ("meshes/0/primitives/0/attributes", ..., "meshes[0].primitives[0] has no positions"),
        ("meshes/0/primitives/0/attributes/POSITION", 1, "holds positions as SCALAR of uint16"),
        ("meshes/0/primitives/0/attributes/_X", 1, "_X has 12 elements, POSITION has 4"),
        ("accessors/0/bufferView", ..., "accessors[0] has no bytes in the file"),
        ("accessors/1/bufferView", ..., "accessors[1] has no bytes in the file"),
        ("bufferViews/1/byteStride", 4, "accessors[1] reaches byte 46"),
    ],
)
def test_a_primitive_that_cannot_be_drawn_is_refused(path: str, value: object, reason: str) -> None:
    assert reason in refused(changed(path, value))


def test_indices_apart_are_refused() -> None:
    model = Model()
    view = model.view(np.repeat(CORNERS.reshape(-1), 2).tobytes(), byteStride=4)
    model.primitive(
        model.accessor(TETRAHEDRON), model.accessor(CORNERS.reshape(-1), bufferView=view)
    )
    assert "holds indices 4 bytes apart, not 2" in refused(model.pack())


def test_several_primitives_and_meshes_are_added_up_and_shared_vertices_counted_once() -> None:
    model = tetrahedron()
    model.document["meshes"].append(model.document["meshes"][0])
    model.primitive(model.accessor(TETRAHEDRON + np.float32(10)))
    model.document["nodes"] = [{"children": [1, 2]}, {"mesh": 0}, {"mesh": 1}]
    summary = verified(model.pack())
    # each of the two meshes: four triangles by index, 4 // 3 without
    assert (summary.meshes, summary.triangles, summary.vertices) == (2, 2 * (4 + 1), 4 + 4)
    assert summary.bounds == ((0.0, 0.0, 0.0), (11.0, 12.0, 13.0))


@pytest.mark.parametrize(
    ("positions", "normalized", "highest"),
    [
        (TETRAHEDRON.astype("<i2"), False, (1, 2, 3)),
        (np.uint16(21_845) * TETRAHEDRON.astype("<u2"), True, (1 / 3, 2 / 3, 1)),
        (TETRAHEDRON.astype("i1"), True, (1 / 127, 2 / 127, 3 / 127)),
    ],
)
def test_quantized_positions_need_their_extension(
    positions: "np.ndarray[tuple[int, ...], np.dtype[np.integer]]",
    normalized: bool,  # noqa: FBT001 - a column of the table
    highest: tuple[float, float, float],
) -> None:
    model = Model()
    rows = np.zeros((4, 4), positions.dtype)
    rows[:, :3] = positions
    view = model.view(rows.tobytes(), byteStride=rows.strides[0] + -rows.strides[0] % 4)
    model.primitive(
        model.accessor(positions, bufferView=view, normalized=normalized),
        model.accessor(CORNERS.reshape(-1)),
    )
    assert f"VEC3 of {positions.dtype.name}" in refused(model.pack())
    model.document["extensionsUsed"] = ["KHR_mesh_quantization"]
    summary = verified(model.pack())
    assert summary.bounds is not None
    assert summary.bounds[1] == pytest.approx(highest)


def test_floats_marked_as_normalized_stay_what_they_are() -> None:
    assert verified(changed("accessors/0/normalized", True)).bounds == BOX  # noqa: FBT003


def test_draco_geometry_is_checked_as_far_as_it_is_described() -> None:
    model = tetrahedron()
    for accessor in model.document["accessors"]:
        del accessor["bufferView"]
    draco = {"bufferView": 0, "attributes": {"POSITION": 0}}
    primitive = model.document["meshes"][0]["primitives"][0]
    primitive["extensions"] = {"KHR_draco_mesh_compression": draco}
    summary = verified(model.pack())
    assert (summary.triangles, summary.bounds) == (4, BOX)
    assert summary.notes == (
        "2 arrays of positions or indices are packed: their values were not checked",
    )
    del draco["bufferView"]
    assert "KHR_draco_mesh_compression.bufferView is None" in refused(model.pack())


@pytest.mark.parametrize("bounds", [..., [0, 0], [9, 9, 9], ["x", 0, 0]])
def test_bounds_that_are_not_the_positions_own_are_noted(bounds: object) -> None:
    summary = verified(changed("accessors/0/max", bounds))
    assert summary.bounds == BOX
    assert summary.notes == (
        "1 arrays of positions do not state their bounds as they are: viewers may frame it wrong",
    )


def test_a_long_array_is_measured_over_all_its_blocks() -> None:
    # 100,000 positions of 12 bytes are more than one block of 2**20
    positions = np.zeros((100_000, 3), "<f4")
    positions[99_999] = 1, 2, 3
    indices = np.zeros(300_000, "<u4")
    indices[-1] = 99_999
    assert verified(drawn(positions, indices, "<u4")).bounds == BOX
    positions[99_998] = np.nan
    assert "position 99,998 is not finite" in refused(drawn(positions, indices, "<u4"))
    indices[-2] = 100_000
    assert "has index 100,000, there are 100,000" in refused(drawn(positions, indices, "<u4"))


def test_a_document_alone_draws_nothing() -> None:
    assert "it draws no triangle" in refused(glb({"asset": {"version": "2.0"}}))
