from pathlib import Path

import pytest
from format_files import judged, refused
from glb_builder import tetrahedron
from hypothesis import given
from hypothesis import strategies as st
from ply_builder import ASCII, BIG, LITTLE, mesh, splat
from test_archive import packed
from test_glb_accessors import sparse
from test_glb_images import PNG, textured

from pipeline.errors import FormatError
from pipeline.formats import Summary, extract, members, verify

FILES = [
    tetrahedron().pack(),
    sparse().pack(),
    textured(PNG).pack(),
    mesh(ASCII),
    mesh(LITTLE),
    mesh(BIG, [(0, 1, 2), (0, 1, 2, 3)]),
    splat(2),
    packed("a/model.glb", "b.ply", data=splat(1)),
]
MAGIC = [b"", b"glTF\x02\0\0\0", b"ply\n", b"ply\nformat ascii 1.0\n", b"PK\x03\x04"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"\0" * 100, "it begins with b'\\x00\\x00"),
        (b"<html>502</html>", "it begins as HTML, not as a GLB, PLY or ZIP"),
        (b'{"error": "x"}', "it begins as JSON, not as"),
        (b"\xff\xd8\xff\xe0", "it begins as JPEG, not as"),
        (b"Z2xURgIAAAA=", "it begins as BASE64, not as"),
    ],
)
def test_what_is_no_result_is_refused_by_name(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_a_file_that_cannot_be_opened_is_not_a_bad_result(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "none.glb")


@pytest.mark.parametrize("data", FILES)
def test_the_files_that_are_broken_below_are_whole(data: bytes) -> None:
    assert isinstance(judged(data), Summary)


@given(st.sampled_from(MAGIC), st.binary(max_size=2_000))
def test_any_bytes_are_judged(magic: bytes, data: bytes) -> None:
    judged(magic + data)


@given(st.sampled_from(FILES), st.data())
def test_a_cut_is_always_found(whole: bytes, data: st.DataObject) -> None:
    whole = whole.rstrip()
    length = data.draw(st.integers(0, len(whole) - 1))
    assert isinstance(judged(whole[:length]), FormatError)


@given(st.sampled_from(FILES), st.data(), st.integers(1, 255))
def test_any_flip_is_judged(whole: bytes, data: st.DataObject, flip: int) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    judged(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])


@given(st.sampled_from(FILES), st.sampled_from(FILES), st.data())
def test_any_splice_is_judged(head: bytes, tail: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(head)))
    judged(head[:cut] + tail[data.draw(st.integers(0, len(tail))) :])


def test_every_flip_in_an_archive_is_found_or_harmless(tmp_path: Path) -> None:
    whole = packed("a", data=b"content")
    path = tmp_path / "archive"
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :])
        try:
            for member in members(path):
                with (tmp_path / "sink").open("wb") as sink:
                    extract(path, member.name, sink)
                assert (tmp_path / "sink").read_bytes() == b"content"
        except FormatError:
            continue
