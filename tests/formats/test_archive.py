import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from format_files import refused, verified
from glb_builder import tetrahedron

from pipeline.errors import FormatError
from pipeline.formats import Format, Member, extract, members

GLB = tetrahedron().pack()


def packed(*names: str, data: bytes = GLB, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive(*(zipfile.ZipInfo(name) for name in names), data=data, method=method)


def archive(
    *infos: zipfile.ZipInfo, data: bytes = GLB, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for info in infos:
            target.writestr(info, data, method)
    return file.getvalue()


def of_mode(mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a")
    info.external_attr = mode << 16
    return info


def patched(data: bytes, signature: bytes, offset: int, layout: str, *values: int) -> bytes:
    """Overwrite fields of the last record with this signature."""
    at = data.rindex(signature) + offset
    new = struct.pack(layout, *values)
    return data[:at] + new + data[at + len(new) :]


WHOLE = packed("model.glb")
DIRECTORY, END = b"PK\x01\x02", b"PK\x05\x06"


def test_an_archive_is_summed_up() -> None:
    data = packed("a/one.glb", "a/two.glb")
    summary = verified(data)
    assert (summary.format, summary.bytes, summary.members) == (Format.ZIP, len(data), 2)


def test_members_are_listed_with_what_they_begin_as(tmp_path: Path) -> None:
    path = tmp_path / "artifacts"
    with zipfile.ZipFile(path, "w") as target:
        target.mkdir("parts")
        target.writestr("parts/model.glb", GLB)
        target.writestr("notes.txt", "nothing known")
        target.writestr("more.zip", WHOLE)
    assert members(path) == (
        Member("parts/model.glb", len(GLB), Format.GLB),
        Member("notes.txt", 13, None),
        Member("more.zip", len(WHOLE), Format.ZIP),
    )
    assert verified(path.read_bytes()).members == 3


def test_one_member_is_unpacked_into_a_file_of_the_callers_own(tmp_path: Path) -> None:
    path = tmp_path / "artifacts"
    path.write_bytes(packed("a/b.glb"))
    sink = io.BytesIO()
    assert extract(path, "a/b.glb", sink) == len(GLB)
    assert sink.getvalue() == GLB
    with pytest.raises(FormatError, match=r"the archive has no member 'b\.glb'"):
        extract(path, "b.glb", sink)


def test_a_fault_of_the_sink_is_not_the_archives(tmp_path: Path) -> None:
    path = tmp_path / "artifacts"
    path.write_bytes(WHOLE)
    sink = io.BytesIO()
    sink.close()
    with pytest.raises(ValueError, match="closed file"):
        extract(path, "model.glb", sink)


@pytest.mark.parametrize(
    "name",
    [
        "../up.glb",
        "a/../../up.glb",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/.",
        "..",
        "a\\..\\b",
        "C:/a",
        "c:a",
        "a/" + "b" * 254,
        "é" * 128,
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    assert "would leave the folder it is unpacked to" in refused(packed("model.glb", name))


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb", "a\u202eblg.exe", "a\x7f"])
def test_control_characters_in_a_name_are_refused(name: str) -> None:
    assert "has control characters in its name" in refused(packed(name))


def test_an_empty_name_is_refused() -> None:
    # the first letter of the only name made a zero byte, which ends it
    data = patched(packed("a"), DIRECTORY, 46, "<B", 0)
    assert "has control characters" in refused(data)
    # a name of no bytes, its letter left to the extra field, which ends the directory 1 byte early
    assert "member ''" in refused(patched(packed("a"), DIRECTORY, 28, "<HHH", 0, 0, 1))


def test_a_zero_byte_does_not_cut_a_name() -> None:
    data = packed("a.glb_b").replace(b"a.glb_b", b"a.glb\0b")
    assert "member 'a.glb' has control characters" in refused(data).replace("\\x00b", "")


@pytest.mark.parametrize("twin", ["Model.GLB", "model.glb/"])
def test_names_that_fall_together_are_refused(twin: str) -> None:
    assert "is there twice" in refused(packed("model.glb", twin, data=b""))


def test_equal_names_are_refused() -> None:
    data = packed("model.glb", "modem.glb").replace(b"modem", b"model")
    assert "member 'model.glb' is there twice" in refused(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive(), "the archive holds no file"),
        (packed("folder/", data=b""), "the archive holds no file"),
        (WHOLE[:-22], "end record is missing from its"),
        (WHOLE[:-1], "end record is missing from its"),
        (WHOLE + b"!", f"ends it at byte {len(WHOLE)}, the file has {len(WHOLE) + 1}"),
        (WHOLE[:200] + WHOLE[201:], f"is said to end at byte {len(WHOLE) - 22}"),
        (patched(WHOLE, END, 8, "<HH", 1001, 1001), "its directory lists 1,001 members"),
        (patched(WHOLE, END, 12, "<L", 1 << 21), "members in 2,097,152 bytes, the limits are"),
        (packed(*map(str, range(1001)), data=b""), "its directory lists 1,001 members"),
        (patched(WHOLE, DIRECTORY, 8, "<H", 1), "member 'model.glb' is encrypted"),
        (packed("a", method=zipfile.ZIP_LZMA), "member 'a' is packed by method 14, not 0 or 8"),
        (archive(of_mode(stat.S_IFLNK | 0o777)), "member 'a' is a link or a device"),
        (archive(of_mode(stat.S_IFIFO)), "member 'a' is a link or a device"),
        (patched(WHOLE, DIRECTORY, 16, "<L", 7), "member 'model.glb': Bad CRC-32"),
        # one byte less is claimed than is there, so the checksum over what is read differs
        (patched(WHOLE, DIRECTORY, 24, "<L", len(GLB) - 1), "member 'model.glb': Bad CRC-32"),
        (patched(WHOLE, DIRECTORY, 24, "<L", len(GLB) + 1), "said to have 653 bytes"),
        (patched(WHOLE, DIRECTORY, 24, "<L", 1 << 31), "would unpack to 2,147,483,648"),
        (patched(WHOLE, DIRECTORY, 20, "<L", 1 << 20), "member 'model.glb' is said to reach byte"),
        (patched(WHOLE, DIRECTORY, 42, "<L", 1 << 30), "is said to reach byte 1,073,74"),
        (patched(WHOLE, DIRECTORY, 0, "<L", 0), "the directory: Bad magic number"),
        (WHOLE.replace(b"model.glb", b"other.glb", 1), "File name in directory"),
        (WHOLE[:60] + b"\xff\xff\xff" + WHOLE[63:], "member 'model.glb'"),
    ],
)
def test_a_broken_archive_is_refused(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_a_zip64_archive_is_refused() -> None:
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    at = WHOLE.rindex(END)
    assert "it is a ZIP64 archive" in refused(WHOLE[:at] + locator + WHOLE[at:])


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    # 65 MiB of zeros pack to about 66 kB: a thousandfold, past the 64 MiB that are free
    data = packed("zeros", data=b"\0" * (65 << 20))
    assert "would unpack to 68,157,440, the limit is 67,108,864" in refused(data)


def test_plain_masks_pack_a_thousandfold_and_pass() -> None:
    assert verified(packed("mask.npy", data=b"\0" * (1 << 20))).members == 1


def test_stored_members_pass() -> None:
    assert verified(packed("model.glb", method=zipfile.ZIP_STORED)).members == 1
