import tracemalloc

import numpy as np
import pytest
from format_files import refused, verified
from glb_builder import BOX, CORNERS, TETRAHEDRON, Document, Model, changed, tetrahedron


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("accessors/0/componentType", 5124, "componentType is 5,124, not a type"),
        ("accessors/0/type", "VEC5", "accessors[0].type is 'VEC5', not a type"),
        # 4 elements of 12 bytes end at 48, a fifth at 60
        ("accessors/0/count", 5, "accessors[0] reaches byte 60 of bufferViews[0], which has 48"),
        ("accessors/0/count", 2**31, "reaches byte 25,769,803,776 of bufferViews[0], which has 48"),
        ("accessors/0/count", 2**53, "accessors[0].count is 9007199254740992.0"),
        ("accessors/0/byteOffset", 2, "begins at byte 2 of its buffer, not at a multiple of 4"),
        ("accessors/0/byteOffset", 4, "accessors[0] reaches byte 52 of bufferViews[0]"),
        ("accessors/1/count", 13, "accessors[1] reaches byte 26 of bufferViews[1], which has 24"),
        ("accessors/1/componentType", 5125, "accessors[1] reaches byte 48 of bufferViews[1]"),
        ("bufferViews/0/byteStride", 8, "has elements of 12 bytes, bufferViews[0].byteStride is 8"),
        # 3 strides of 16 and 12 bytes end at 60
        ("bufferViews/0/byteStride", 16, "accessors[0] reaches byte 60 of bufferViews[0]"),
        # columns of MAT2 in bytes begin at multiples of 4: 7 + 1 matrices end at 7 * 8 + 8
        (
            "accessors/1",
            {"bufferView": 1, "componentType": 5121, "count": 8, "type": "MAT2"},
            "accessors[1] reaches byte 64 of bufferViews[1], which has 24",
        ),
    ],
)
def test_an_accessor_outside_its_view_is_refused(path: str, value: object, reason: str) -> None:
    assert reason in refused(changed(path, value))


def test_a_lying_count_allocates_nothing() -> None:
    data = changed("accessors/0/count", 2**31)
    refused(data)  # so that what is imported late is
    tracemalloc.start()
    refused(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


def test_interleaved_attributes_are_read_by_their_stride() -> None:
    model = Model()
    rows = np.zeros(4, [("position", "<f4", 3), ("colour", "u1", 4), ("trap", "<f4")])
    rows["position"] = TETRAHEDRON
    rows["trap"] = np.nan
    view = model.view(rows.tobytes(), byteStride=20)
    position = model.accessor(rows["position"], bufferView=view)
    colour = model.accessor(rows["colour"], bufferView=view, byteOffset=12, normalized=True)
    indices = model.accessor(CORNERS.reshape(-1))
    model.primitive(position, indices, attributes={"POSITION": position, "COLOR_0": colour})
    summary = verified(model.pack())
    assert summary.bounds == BOX
    assert summary.coloured


def sparse(count: int = 2, rows: object = (1, 3), **indices: object) -> Model:
    """Lift two corners of a tetrahedron, whose values lie apart, to y = 9."""
    model = tetrahedron()
    lifted = np.array([[1, 9, 0], [0, 9, 3]], "<f4")
    part: Document = {"bufferView": model.view(np.array(rows, "u1").tobytes())}
    model.document["accessors"][0]["sparse"] = {
        "count": count,
        "indices": part | {"componentType": 5121} | indices,
        "values": {"bufferView": model.view(lifted.tobytes())},
    }
    return model


def test_sparse_values_count() -> None:
    assert verified(sparse().pack()).bounds == ((0.0, 0.0, 0.0), (1.0, 9.0, 3.0))


def test_sparse_values_may_stand_over_zeros() -> None:
    model = sparse()
    del model.document["accessors"][0]["bufferView"]
    assert verified(model.pack()).bounds == ((0.0, 0.0, 0.0), (1.0, 9.0, 3.0))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (sparse(rows=(3, 1)), "do not rise from 0 to 3"),
        (sparse(rows=(2, 2)), "do not rise from 0 to 3"),
        (sparse(rows=(1, 4)), "do not rise from 0 to 3"),
        (sparse(count=3), "indices reaches byte 3 of bufferViews[2], which has 2"),
        (sparse(count=0), "sparse.count is 0"),
        (sparse(componentType=5126), "is not that of an unsigned integer"),
        (sparse(bufferView=9), "indices.bufferView is 9, the file has 4 bufferViews"),
        (sparse(bufferView=None), "indices.bufferView is None"),
        (sparse(byteOffset=1), "reaches byte 3 of bufferViews[2], which has 2"),
    ],
)
def test_a_broken_sparse_part_is_refused(model: Model, reason: str) -> None:
    assert reason in refused(model.pack())


def test_a_sparse_part_without_values_is_refused() -> None:
    model = sparse()
    del model.document["accessors"][0]["sparse"]["values"]
    assert "accessors[0].sparse.values is missing" in refused(model.pack())


def test_reading_the_same_bytes_without_end_is_refused() -> None:
    model = tetrahedron()
    indices = model.accessor(np.tile(CORNERS.reshape(-1), 5000))
    twins = [model.accessor(TETRAHEDRON, bufferView=0) for _ in range(5)]
    again = model.document["accessors"][indices]
    for position in twins:
        for _ in range(40):
            model.document["accessors"].append(again)
            model.primitive(position, len(model.document["accessors"]) - 1)
    assert "the same bytes over and over" in refused(model.pack())
