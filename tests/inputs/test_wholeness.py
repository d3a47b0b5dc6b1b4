"""What is cut or altered is found; how a picture is turned, without decoding it."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from pictures import HEIGHT, WIDTH, pixels, prepared, quarters, saved, turned
from PIL import ExifTags, Image, ImageFile, PngImagePlugin

from pipeline.errors import InputError
from pipeline.inputs import survey
from pipeline.inputs.picture import opened, orientation, upright_size
from pipeline.model import Job

PNG, JPEG = saved(quarters(), "PNG"), saved(quarters(), "JPEG", quality=95)


def is_decoded(picture: Image.Image) -> bool:
    assert isinstance(picture, ImageFile.ImageFile)
    return not picture.tile


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_late(data: bytes, *chunks: bytes) -> bytes:
    """Give a PNG with more chunks before its last, which has no data."""
    return data[:-12] + b"".join(chunks) + data[-12:]


def in_pieces(data: bytes, size: int = 20) -> bytes:
    """Give a PNG with its pixels in many chunks, as libpng writes them."""
    start = data.index(b"IDAT") - 4
    (length,) = struct.unpack(">I", data[start : start + 4])
    pixels = data[start + 8 : start + 8 + length]
    pieces = [chunk(b"IDAT", pixels[at : at + size]) for at in range(0, length, size)]
    return data[:start] + b"".join(pieces) + data[start + 12 + length :]


@pytest.mark.parametrize("data", [PNG, JPEG, in_pieces(PNG), JPEG + bytes(7)])
def test_a_whole_picture_goes_out_byte_for_byte(tmp_path: Path, data: bytes) -> None:
    assert prepared(tmp_path, data).image == data


@pytest.mark.parametrize("data", [PNG, in_pieces(PNG), with_late(PNG, chunk(b"tEXt", b"a\0b"))])
def test_a_png_cut_anywhere_is_refused_unless_every_pixel_is_there(
    tmp_path: Path, data: bytes
) -> None:
    for length in range(1, len(data)):
        try:
            ready = prepared(tmp_path, data[:length])
        except InputError:
            continue
        assert length > data.rindex(b"IDAT") + 8
        assert (pixels(ready.image) == pixels(PNG)).all()


def test_a_png_whose_checksums_hold_and_whose_pixels_are_not_there_is_refused(
    tmp_path: Path,
) -> None:
    start = PNG.index(b"IDAT") - 4
    for data in (zlib.compress(b""), b"no stream"):
        with pytest.raises(InputError, match="broken image"):
            prepared(tmp_path, PNG[:start] + chunk(b"IDAT", data) + PNG[-12:])


def test_a_jpeg_cut_anywhere_is_refused(tmp_path: Path) -> None:
    for length in range(1, len(JPEG) - 2, 7):
        with pytest.raises(InputError):
            prepared(tmp_path, JPEG[:length])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_refused_at_an_eighth_where_it_is_refused_whole(
    tmp_path: Path, *, progressive: bool
) -> None:
    data = saved(quarters(), "JPEG", quality=95, progressive=progressive)
    refused = 0
    for at in range(2, len(data), 11):
        broken = data[:at] + bytes(60) + data[at + 60 :]
        try:
            with Image.open(io.BytesIO(broken)) as picture:
                picture.load()
        except (OSError, SyntaxError):
            refused += 1
            with pytest.raises(InputError):
                prepared(tmp_path, broken)
        else:
            assert prepared(tmp_path, broken).image
    assert refused


def exif_of(value: int) -> bytes:
    return turned(value).tobytes()


def late(value: int) -> list[bytes]:
    raw, xmp = exif_of(value).hex(), f'<x tiff:Orientation="{value}"/>'.encode()
    profile = f"\nexif\n{len(raw) // 2}\n{raw}\n".encode()
    return [
        chunk(b"eXIf", exif_of(value).removeprefix(b"Exif\0\0")),
        chunk(b"tEXt", b"Raw profile type exif\0" + profile),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile)),
        chunk(b"iTXt", b"Raw profile type exif\0\0\0\0\0" + profile),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp)),
        chunk(b"tEXt", b"Comment\0" + xmp),
        chunk(b"eXIf", b"damaged"),
        chunk(b"zTXt", b"Raw profile type exif\0\0damaged"),
    ]


def as_pillow_tells(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        try:
            return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
        except (ValueError, SyntaxError):
            return 1


@pytest.mark.parametrize("kind", range(len(late(6))))
@pytest.mark.parametrize("value", [1, 3, 6, 8])
@pytest.mark.parametrize("first", [PNG, saved(quarters(), "PNG", exif=turned(5))])
def test_a_png_is_turned_as_pillow_turns_it_wherever_it_says_so(
    tmp_path: Path, first: bytes, value: int, kind: int
) -> None:
    for data in (
        with_late(first, late(value)[kind]),
        with_late(in_pieces(first), late(value)[kind]),
    ):
        with opened(data, "a") as picture:
            assert orientation(picture) == as_pillow_tells(data)
            assert not is_decoded(picture)
            size = upright_size(picture)
        ready = prepared(tmp_path, data)
        with Image.open(io.BytesIO(ready.image)) as sent:
            assert sent.size == size
        seen = survey(Job("a", "image"), tmp_path)
        assert (seen.width, seen.height) == size


def test_a_films_later_pictures_do_not_turn_it() -> None:
    film = saved(
        quarters(), "PNG", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))]
    )
    data = with_late(film, late(6)[0])
    with opened(data, "a") as picture:
        assert isinstance(picture, PngImagePlugin.PngImageFile)
        assert orientation(picture) == 1


def test_a_file_of_nothing_but_chunks_is_given_up_on() -> None:
    flood = with_late(PNG, chunk(b"tIME", bytes(7)) * 100_001, late(6)[0])
    with opened(flood, "a") as picture:
        assert orientation(picture) == 1
