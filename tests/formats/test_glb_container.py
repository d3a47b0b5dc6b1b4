import struct

import pytest
from format_files import refused, verified
from glb_builder import chunk, container, tetrahedron

WHOLE = tetrahedron().pack()
JSON_CHUNK = chunk(b"JSON", b'{"asset":{"version":"2.0"}}', b" ")  # 8 + 28 bytes
BIN_CHUNK = chunk(b"BIN\0", b"\0" * 8, b"\0")  # 8 + 8 bytes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"glTF", "a GLB header has 12 bytes, the file has 4"),
        (container(JSON_CHUNK, version=1), "a GLB of version 1"),
        (WHOLE[:-4], f"the header says {len(WHOLE)} bytes, the file has {len(WHOLE) - 4}"),
        (WHOLE + b"\0" * 4, f"the header says {len(WHOLE)} bytes, the file has {len(WHOLE) + 4}"),
        (container(), "it has 0 JSON chunks"),
        (container(BIN_CHUNK, JSON_CHUNK), "it has 1 JSON chunks, one is needed, at the start"),
        (container(JSON_CHUNK, JSON_CHUNK), "it has 2 JSON chunks"),
        (container(JSON_CHUNK, BIN_CHUNK, BIN_CHUNK), "it has 2 BIN chunks"),
        (container(JSON_CHUNK, chunk(b"MORE", b"", b""), BIN_CHUNK), "the second chunk alone"),
        (container(JSON_CHUNK, b"\0" * 4), "chunk 1 begins at byte 48 of 52"),
        (container(struct.pack("<I4s", 2**32 - 1, b"JSON")), "says 4,294,967,295 bytes, 0 are"),
        (container(struct.pack("<I4s", 2, b"JSON"), b"{}"), "has 2 bytes, not a multiple of 4"),
        (container(JSON_CHUNK, *[chunk(b"MORE", b"", b"")] * 64), "more than 64 chunks"),
        (
            container(chunk(b"JSON", b" " * (16 << 20), b" "), chunk(b"JSON", b"{}", b" ")),
            "it has 2 JSON chunks",
        ),
        (
            container(chunk(b"JSON", b" " * (16 << 20) + b"{}", b" ")),
            "has 16,777,220 bytes, the limit is 16,777,216",
        ),
    ],
)
def test_a_broken_container_is_refused_with_its_numbers(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_unknown_chunks_after_the_binary_one_are_left_alone() -> None:
    model = tetrahedron()
    whole = model.pack()
    extra = chunk(b"MORE", b"anything", b"\0")
    assert verified(container(whole[12:], extra)).triangles == 4


def test_a_file_cut_anywhere_is_refused() -> None:
    for length in range(len(WHOLE)):
        assert refused(WHOLE[:length])
