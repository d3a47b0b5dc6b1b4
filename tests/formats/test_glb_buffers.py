import base64

import pytest
from format_files import refused, verified
from glb_builder import BOX, changed, glb, tetrahedron

# the tetrahedron: view 0 of 4 * 12 = 48 bytes, view 1 of 12 * 2 = 24 bytes, one buffer of 72


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("buffers/0/byteLength", 0, "buffers[0].byteLength is 0"),
        ("buffers/0/byteLength", 73, "buffers[0] says 73 bytes, the BIN chunk has 72"),
        ("buffers/0/byteLength", 71, "bufferViews[1] reaches byte 72 of a buffer of 71 bytes"),
        ("buffers/0/uri", "../model.bin", "outside the file: '../model.bin'"),
        ("buffers/0/uri", "https://example.com/a.bin", "outside the file"),
        ("buffers/0/uri", "data:;base64,QUJD", "says 72 bytes, its data URI has 3"),
        ("buffers/0/uri", "data:;base64,QU%D", "buffers[0].uri is not base64"),
        ("buffers", [{"byteLength": 72}, {"byteLength": 8}], "buffers[1] says 8 bytes, the file"),
        ("bufferViews/0/byteLength", ..., "bufferViews[0].byteLength is None"),
        ("bufferViews/0/byteLength", 2**50, "1,125,899,906,842,624 of a buffer of 72 bytes"),
        ("bufferViews/0/byteOffset", 32, "bufferViews[0] reaches byte 80 of a buffer of 72"),
        ("bufferViews/0/byteStride", 14, "byteStride is 14, not a multiple of 4"),
        ("bufferViews/0/byteStride", 256, "byteStride is 256, not a multiple of 4 from 4 to 252"),
        ("bufferViews/0/byteStride", 0, "byteStride is 0, not an integer of 4 or more"),
    ],
)
def test_a_view_outside_its_buffer_is_refused(path: str, value: object, reason: str) -> None:
    assert reason in refused(changed(path, value))


def test_a_file_without_its_binary_chunk_is_refused() -> None:
    assert "buffers[0] says 72 bytes, the file has none for it" in refused(
        glb(tetrahedron().document)
    )


def test_a_buffer_may_stand_in_the_document_itself() -> None:
    model = tetrahedron()
    uri = "data:application/octet-stream;base64," + base64.b64encode(model.binary).decode()
    model.document["buffers"][0]["uri"] = uri
    assert verified(glb(model.document)).triangles == 4


def test_a_view_packed_by_meshopt_is_checked_as_far_as_it_is_described() -> None:
    model = tetrahedron()
    packed = {"buffer": 0, "byteLength": 20, "byteStride": 12, "count": 4, "mode": "ATTRIBUTES"}
    model.document["buffers"].append(
        {"byteLength": 48, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
    )
    model.document["bufferViews"][0] = {
        "buffer": 1,
        "byteLength": 48,
        "extensions": {"EXT_meshopt_compression": packed},
    }
    summary = verified(model.pack())
    assert summary.bounds == BOX
    assert summary.notes == (
        "1 arrays of positions or indices are packed: their values were not checked",
    )
    packed["byteLength"] = 73
    assert "reaches byte 73 of a buffer of 72 bytes" in refused(model.pack())
