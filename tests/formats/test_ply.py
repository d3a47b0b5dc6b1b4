import tracemalloc

import numpy as np
import pytest
from format_files import refused, verified
from ply_builder import (
    ASCII,
    BIG,
    BOX,
    CORNERS,
    FACES,
    LITTLE,
    SPLAT,
    face_rows,
    header,
    mesh,
    mesh_header,
    splat,
    vertex_rows,
)

from pipeline.formats import Format

ENCODINGS = [ASCII, LITTLE, BIG]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_mesh_is_summed_up(encoding: str) -> None:
    data = mesh(encoding)
    summary = verified(data)
    assert (summary.format, summary.bytes) == (Format.PLY, len(data))
    assert (summary.vertices, summary.triangles, summary.splats) == (4, 4, 0)
    assert summary.bounds == BOX
    assert not summary.coloured


def test_a_splat_is_summed_up() -> None:
    summary = verified(splat(3))
    # 17 properties counted through: x, y, z are 0, 1, 2, then 17, 18, 19, then 34, 35, 36
    assert summary.bounds == ((0.0, 1.0, 2.0), (34.0, 35.0, 36.0))
    assert (summary.splats, summary.vertices, summary.triangles) == (3, 3, 0)
    assert summary.coloured
    assert len(splat(3)) - len(splat(2)) == 68


def test_one_splat_is_enough() -> None:
    assert verified(splat(1)).splats == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_polygons_of_any_mixture_are_counted_as_fans(encoding: str) -> None:
    faces = [(0, 1, 2), (0, 1, 2, 3), (0, 1), (), (3, 2, 1)] * 2_000
    assert verified(mesh(encoding, faces)).triangles == (1 + 2 + 0 + 0 + 1) * 2_000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_many_faces_are_read_over_all_their_blocks(encoding: str) -> None:
    # 100,000 triangles of 1 + 3 * 4 bytes are more than one block of 2**20
    faces = [(0, 1, 2)] * 100_000
    assert verified(mesh(encoding, faces)).triangles == 100_000
    assert "indices from 0 to 4" in refused(mesh(encoding, [*faces, (0, 1, 4)]))


def test_other_elements_and_properties_are_stepped_over() -> None:
    head = header(
        LITTLE,
        "element camera 1",
        "property double fov",
        "property list uint8 uint16 ids",
        "element vertex 4",
        *("property uchar red", "property float x", "property double y", "property float z"),
        "element face 4",
        *("property list uchar float texcoord", "property list uchar int vertex_index"),
        "property uchar flag",
    )
    camera = np.array([1.5], "<f8").tobytes() + b"\x02" + b"\1\0\2\0"
    rows = np.zeros(4, [("red", "u1"), ("x", "<f4"), ("y", "<f8"), ("z", "<f4")])
    rows["x"], rows["y"], rows["z"] = np.array(CORNERS).T
    faces = b"".join(b"\x02" + b"\0" * 8 + face_rows(LITTLE, [face]) + b"\x07" for face in FACES)
    summary = verified(head + camera + rows.tobytes() + faces)
    assert summary.bounds == BOX
    assert summary.triangles == 4
    assert summary.coloured


def test_lines_may_end_the_way_of_windows() -> None:
    head = mesh_header(LITTLE).replace(b"\n", b"\r\n")
    assert verified(head + vertex_rows(LITTLE) + face_rows(LITTLE)).triangles == 4
    assert verified(mesh(ASCII).replace(b"\n", b"\r\n")).triangles == 4


def test_the_last_number_of_a_text_needs_no_line_end() -> None:
    assert verified(mesh(ASCII).rstrip()).triangles == 4
    assert verified(mesh(ASCII) + b"\n \n").triangles == 4


HEAD = mesh_header(LITTLE)
ROWS = vertex_rows(LITTLE) + face_rows(LITTLE)  # 4 * 12 + 4 * 13 = 100 bytes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"ply\n", "does not end within 4 bytes"),
        (HEAD[:-1], f"does not end within {len(HEAD) - 1} bytes"),
        (b"ply\n" + b"comment x\n" * 7000 + HEAD[4:] + ROWS, "does not end within 65,536 bytes"),
        (HEAD.replace(b"little", b"middle"), "line 'format binary_middle_endian 1.0'"),
        (HEAD.replace(b"1.0", b"2.0"), "line 'format binary_little_endian 2.0'"),
        (HEAD.replace(b"format", b"comment"), "line 'property float x'"),
        (HEAD.replace(b"comment", b"format ascii 1.0\ncomment"), "line 'format ascii 1.0'"),
        (HEAD.replace(b"vertex 4", b"vertex -4"), "line 'element vertex -4'"),
        (HEAD.replace(b"vertex 4", b"vertex " + b"9" * 99), "line 'element vertex 9999"),
        (HEAD.replace(b"element face 4", b"element"), "line 'element'"),
        (HEAD.replace(b"float x", b"half x"), "property 'x' is of type 'half'"),
        (HEAD.replace(b"uchar int", b"uchar"), "property 'vertex_indices' is of type 'list uchar'"),
        (HEAD.replace(b"float y", b"float x"), "names an element or a property twice"),
        (HEAD.replace(b"element face", b"element vertex"), "names an element or a property twice"),
        (HEAD.replace(b"comment", b"\x1b[31m"), "line '\\x1b[31m made by tests'"),
        (header(LITTLE, "element vertex 4"), "element 'vertex' has no properties"),
        (splat(1, *(f"p{at}" for at in range(257))), "has 257 properties, the limit is 256"),
        (
            HEAD.replace(b"face", b"\x1b[2J\xc3\xa9") + ROWS[:-1],
            "element \\x1b[2J\\xe9 ends after 3",
        ),
        (header(LITTLE), "it has no vertices"),
        (mesh_header(LITTLE, 0, 0), "it has no vertices"),
        (HEAD.replace(b"float z", b"float w") + ROWS, "element vertex has no property z"),
        (HEAD.replace(b"vertex_indices", b"corners") + ROWS, "no property vertex_indices"),
        # at least 4 * 12 bytes of vertices and 4 empty lists of 1 byte
        (HEAD + ROWS[:51], "at least 52 bytes of rows, the file has 51"),
        (HEAD + ROWS[:-1], "element face ends after 3 of its 4 rows"),
        (HEAD + ROWS + b"\0", "at least 1 bytes stand behind the last row"),
        (mesh_header(LITTLE, 2**49) + ROWS, "at least 6,755,399,441,055,748 bytes of rows"),
        (splat(3)[:-68], "the header says 204 bytes of rows, the file has 136"),
        (splat(3) + b"\n", "the header says 204 bytes of rows, the file has 205"),
        (splat(3, *SPLAT[:-1]), "its 3 vertices have no triangles and are no splats"),
        (mesh_header(LITTLE, 4, 0) + ROWS[:48], "its 4 vertices have no triangles"),
        (mesh(LITTLE, [(0, 1)]), "its 4 vertices have no triangles"),
        (mesh(LITTLE, [(0, 1, -1)]), "indices from -1 to 1, there are 4 vertices"),
        (mesh(BIG, [(0, 1, 4)]), "indices from 0 to 4, there are 4 vertices"),
        (mesh(LITTLE, [(1, 1, 1), (2, 2, 1)]), "its indices run from 1 to 2"),
        (HEAD + b"\0" * 48 + ROWS[48:], "all 4 positions are the same point, (0.0, 0.0, 0.0)"),
        (HEAD + b"\0\0\xc0\x7f" + ROWS[4:], "vertex: position 0 is not finite"),
        (HEAD + ROWS[:44] + b"\0\0\x80\xff" + ROWS[48:], "vertex: position 3 is not finite"),
    ],
)
def test_a_broken_file_is_refused_with_its_numbers(data: bytes, reason: str) -> None:
    assert reason in refused(data)


TEXT = mesh(ASCII)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TEXT[:-8], "element face ends after 3 of its 4 rows"),
        (mesh_header(ASCII), "element vertex ends after 0 of its 4 rows"),
        (TEXT + b"7\n", "stand behind the last row"),
        (TEXT.replace(b"\n0 2 0", b"\n0 two 0"), "b'two' stands where a number belongs"),
        (TEXT.replace(b"\n0 2 0", b"\n0 nan 0"), "vertex: position 2 is not finite"),
        (TEXT.replace(b"\n0 2 0", b"\n0 1e999 0"), "vertex: position 2 is not finite"),
        (TEXT.replace(b"\n3 0 2 1", b"\n-3 0 2 1"), "a list of element face is said to have -3.0"),
        (TEXT.replace(b"\n3 0 2 1", b"\nnan 0 2 1"), "a list of element face is said to have nan"),
        (TEXT.replace(b"\n3 0 2 1", b"\n2.5 0 2 1"), "a list of element face is said to have 2.5"),
        (TEXT.replace(b"\n3 0 2 1", b"\n3 0 nan 1"), "indices from nan to nan"),
        (TEXT.replace(b"\n3 0 2 1", b"\n3 0 1.5 1"), "an index that is not a whole number"),
        (TEXT.replace(b"\n3 0 2 1", b"\n3 0 9e9 1"), "indices from 0 to 9,000,000,000"),
        (mesh_header(ASCII) + b"0" * 200_000, "is too long for a number"),
        (
            mesh_header(ASCII, 10**14) + vertex_rows(ASCII),
            "ends after 4 of its 100,000,000,000,000",
        ),
    ],
)
def test_a_broken_text_is_refused(data: bytes, reason: str) -> None:
    assert reason in refused(data)


@pytest.mark.parametrize("count", [2**31 - 1, 250_000])
def test_a_lying_list_allocates_nothing(count: int) -> None:
    head = mesh_header(LITTLE, face="list int int vertex_indices")
    data = head + vertex_rows(LITTLE) + np.array([count], "<i4").tobytes() * 4
    refused(data)
    tracemalloc.start()
    assert f"{count}" in refused(data) or "too many" in refused(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000  # one block is read, against gigabytes claimed


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_cut_anywhere_is_refused(encoding: str) -> None:
    whole = mesh(encoding).rstrip()
    for length in range(len(whole)):
        assert refused(whole[:length])


def test_memory_does_not_grow_with_the_file() -> None:
    data = splat(200_000)  # 13.6 MB
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    assert verified(data).splats == 200_000
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 8_000_000
