import base64
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import SRGB, prepared, quarters, saved, turned

from pipeline.errors import InputError
from pipeline.inputs import prepare, read_source, survey
from pipeline.inputs.source import LARGEST
from pipeline.model import Job

PICTURE = saved(quarters(), "PNG")
URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()


def refused(folder: Path, source: str) -> InputError:
    with pytest.raises(InputError) as raised:
        read_source(folder, source)
    assert len(str(raised.value)) < 1000
    return raised.value


def test_a_file_is_read_as_it_is_through_links(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "link").symlink_to("a.png")
    assert read_source(tmp_path, "a.png") == read_source(tmp_path, "link") == PICTURE
    assert read_source(tmp_path, "a.png/") == PICTURE
    assert read_source(Path("/nowhere"), str(tmp_path / "a.png")) == PICTURE


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").touch()
    assert "no such file" in str(refused(tmp_path, "gone.png"))
    assert "pipe or device" in str(refused(tmp_path, "pipe"))
    assert "pipe or device" in str(refused(tmp_path, "/dev/zero"))
    assert "Is a directory" in str(refused(tmp_path, "."))
    assert "symbolic links" in str(refused(tmp_path, "loop"))
    assert "the file is empty" in str(refused(tmp_path, "empty"))
    assert "cannot be read" in str(refused(tmp_path, "nul\x00"))
    assert "File name too long" in str(refused(tmp_path, "x" * 5000))


def test_a_file_beyond_the_cap_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(LARGEST + 1)  # a hole: it takes no room
    assert refused(tmp_path, "huge").kind == "too_large"
    assert refused(tmp_path, "data:;base64," + "A" * (2 * LARGEST + 1)).kind == "too_large"


@pytest.mark.parametrize(
    "uri",
    [
        URI,
        URI.replace(";base64", ";BASE64"),
        URI.replace("image/png", ""),
        "\n  ".join([URI[:50], URI[50:90], URI[90:]]) + "\n",
    ],
)
def test_a_data_uri_is_its_bytes(tmp_path: Path, uri: str) -> None:
    assert read_source(tmp_path, uri) == PICTURE
    assert survey(Job("a", uri), tmp_path).width == 24
    assert prepare(Job("a", uri), tmp_path).image == PICTURE


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("data:image/png,%89PNG", "must be base64"),
        ("data:", "must be base64"),
        ("data:;base64,???", "broken base64"),
        ("data:;base64,AAA", "broken base64"),
        ("data:;base64,é", "broken base64"),
        ("data:;base64,", "the file is empty"),
    ],
)
def test_a_wrong_data_uri_is_refused(tmp_path: Path, uri: str, why: str) -> None:
    assert why in str(refused(tmp_path, uri))


def test_a_broken_data_uri_is_not_repeated_in_its_message(tmp_path: Path) -> None:
    uri = "data:;base64," + base64.b64encode(b"no picture" * 9999).decode()
    with pytest.raises(InputError, match=r"^data URI: not an image") as raised:
        prepare(Job("a", uri), tmp_path)
    assert len(str(raised.value)) < 300


def png_claiming(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    chunks = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, idat)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (60_000, 60_000), (2**31 - 1, 2)])
def test_a_bomb_is_refused_by_what_it_claims(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb").write_bytes(png_claiming(width, height))
    for look in (survey, prepare):
        with pytest.raises(InputError, match="bomb: "):
            look(Job("a", "bomb"), tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (1, 900)])
def test_a_placeholder_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "dot").write_bytes(saved(quarters().resize(size), "PNG"))
    with pytest.raises(InputError, match=f"{size[0]} × {size[1]} pixels show nothing"):
        survey(Job("a", "dot"), tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"GIF89a", b"<svg xmlns='x'/>", b"%PDF-1.7", b"\x00\x00\x00\x18ftypheic", b"\xff\xd8\xff"],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other").write_bytes(data)
    with pytest.raises(InputError) as raised:
        survey(Job("a", "other"), tmp_path)
    assert raised.value.kind == "not_an_image"


FILES = [
    saved(quarters(), "JPEG", exif=turned(6), icc_profile=SRGB),
    saved(quarters(), "PNG", exif=turned(6), icc_profile=SRGB),
    saved(quarters(), "WEBP", exif=turned(6), icc_profile=SRGB),
    saved(quarters(), "TIFF", exif=turned(6), icc_profile=SRGB),
    saved(quarters(), "TIFF", compression="tiff_lzw"),
    saved(quarters(), "BMP"),
    saved(quarters().quantize(4), "GIF", save_all=True, append_images=[quarters().quantize(3)]),
]


@pytest.mark.parametrize("whole", [*FILES[:-1], saved(quarters().quantize(4), "GIF")])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_picture_is_refused(tmp_path: Path, whole: bytes, part: float) -> None:
    with pytest.raises(InputError):
        prepared(tmp_path, whole[: int(len(whole) * part)])


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_picture_is_ready_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    refusal = "image: "
    try:
        prepared(tmp_path, bytes(damaged))
        survey(Job("a", "image"), tmp_path)
    except InputError as error:
        refusal = str(error)
    assert refusal.startswith("image: ")
