"""PNG files by their chunks."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.inputs.png import is_whole

WIDTH, HEIGHT = 5, 4
STRIDE = 1 + 3 * WIDTH
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    crc = zlib.crc32(name + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + name + data + crc


def header(*kind: int) -> bytes:
    """Depth, colour type, compression, filter, interlace."""
    return chunk(b"IHDR", WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes(kind))


RGB = header(8, 2, 0, 0, 0)
END = chunk(b"IEND")


def rows(*filters: int, width: int = WIDTH) -> bytes:
    return b"".join(bytes([each]) + bytes(range(3 * width)) for each in filters)


def pixels(plain: bytes) -> bytes:
    return chunk(b"IDAT", zlib.compress(plain))


ALL = rows(0, 1, 2, 4)
PACKED = zlib.compress(ALL)
WRONG_SUM = PACKED[:-1] + bytes([PACKED[-1] ^ 1])
WRONG_CRC = chunk(b"eXIf", b"x")[:-1] + b"?"
TEXT = chunk(b"tEXt", b"a\0b")


def read_by_pillow(data: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            picture.load()
            return picture.mode
    except (OSError, ValueError, SyntaxError, EOFError, zlib.error):
        return None


def test_a_png_is_whole_in_one_piece_or_in_many() -> None:
    assert is_whole(SIGNATURE + RGB + pixels(ALL) + END)
    pieces = b"".join(chunk(b"IDAT", PACKED[at : at + 3]) for at in range(0, len(PACKED), 3))
    assert is_whole(SIGNATURE + RGB + TEXT + pieces + chunk(b"IDAT") + TEXT + END)


@pytest.mark.parametrize(
    ("what", "chunks"),
    [
        ("a row is missing", RGB + pixels(rows(0, 1, 2)) + END),
        ("half a row is missing", RGB + pixels(ALL[:-7]) + END),
        ("there is a row too many", RGB + pixels(rows(0, 0, 0, 0, 0)) + END),
        ("there is no such filter", RGB + pixels(rows(0, 1, 2, 5)) + END),
        ("the sum behind the pixels is wrong", RGB + chunk(b"IDAT", WRONG_SUM) + END),
        ("the pixels' stream does not end", RGB + chunk(b"IDAT", PACKED[:-4]) + END),
        ("something follows the pixels' stream", RGB + pixels(ALL) + pixels(ALL) + END),
        ("the file does not end", RGB + pixels(ALL)),
        ("the last chunk is cut", RGB + pixels(ALL) + END[:-1]),
        ("there are no pixels", RGB + END),
        (
            "another chunk's sum is wrong",
            RGB + pixels(ALL) + WRONG_CRC + END,
        ),
        ("the header comes twice", RGB + RGB + pixels(ALL) + END),
        ("the header does not come first", TEXT + RGB + pixels(ALL) + END),
        (
            "something stands between pixels",
            RGB + chunk(b"IDAT", PACKED[:9]) + TEXT + chunk(b"IDAT", PACKED[9:]) + END,
        ),
        ("it has 16 bits", header(16, 2, 0, 0, 0) + pixels(ALL) + END),
        ("it has a palette", header(8, 3, 0, 0, 0) + pixels(ALL) + END),
        ("it is interlaced", header(8, 2, 0, 0, 1) + pixels(ALL) + END),
        ("it has an alpha channel", header(8, 6, 0, 0, 0) + pixels(ALL) + END),
    ],
)
def test_somebody_else_has_to_look_where(what: str, chunks: bytes) -> None:
    assert not is_whole(SIGNATURE + chunks), what


def test_what_is_no_png_is_not_whole() -> None:
    for data in (b"", SIGNATURE, b"\xff\xd8\xff\xe0", (RGB + pixels(ALL) + END)):
        assert not is_whole(data)


def test_a_bomb_is_inflated_no_further_than_its_pixels_go() -> None:
    bomb = zlib.compress(bytes(64 << 20))  # 64 MiB of zeros in 64 kB
    assert not is_whole(SIGNATURE + RGB + chunk(b"IDAT", bomb) + END)


@given(
    st.binary(min_size=HEIGHT * (STRIDE - 1), max_size=HEIGHT * (STRIDE - 1)),
    st.integers(0, 9),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    st.integers(0, 400),
)
def test_what_is_whole_is_read_by_whoever_decodes_it(
    colours: bytes, level: int, changes: list[tuple[int, int]], cut: int
) -> None:
    file = io.BytesIO()
    picture = Image.frombytes("RGB", (WIDTH, HEIGHT), colours)
    picture.save(file, "PNG", compress_level=level)
    assert is_whole(file.getvalue())
    data = bytearray(file.getvalue())
    for at, value in changes:
        data[at % len(data)] = value
    if cut < len(data):
        del data[cut:]
    if is_whole(bytes(data)):
        assert read_by_pillow(bytes(data)) == "RGB"
