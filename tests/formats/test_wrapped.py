"""Models wrapped in text or gzip."""

import base64
import gzip
import io
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import FormatError
from pipeline.formats import decode_base64, gunzip


def decoded(text: bytes) -> bytes:
    sink = io.BytesIO()
    decode_base64(io.BytesIO(text), sink)
    return sink.getvalue()


def unzipped(data: bytes, most: int = 1 << 20) -> bytes:
    sink = io.BytesIO()
    gunzip(io.BytesIO(data), sink, most)
    return sink.getvalue()


@given(st.binary(max_size=200))
def test_base64_comes_back_whatever_its_line_breaks_prefix_and_padding(data: bytes) -> None:
    text = base64.b64encode(data)
    broken = b"\r\n ".join(text[at : at + 7] for at in range(0, len(text), 7))
    assert decoded(text) == decoded(broken) == decoded(text.rstrip(b"=")) == data
    assert decoded(b"data:model/gltf-binary;base64," + text) == data
    assert decoded(base64.urlsafe_b64encode(data)) == data


def test_base64_longer_than_a_block_comes_back() -> None:
    data = bytes(range(256)) * 12_345
    assert decoded(b"\n" + base64.encodebytes(data)) == data


@pytest.mark.parametrize("text", [b"!!!!", b"Z2xU\x00", b"Z2xUR", b"Z2xU=Rg="])
def test_text_that_is_no_base64_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError, match="base64 text is broken"):
        decoded(text)


@given(st.binary(max_size=5000))
def test_gzip_and_zlib_come_back(data: bytes) -> None:
    assert unzipped(gzip.compress(data)) == unzipped(zlib.compress(data)) == data


@given(st.binary(max_size=300))
def test_any_bytes_come_back_or_are_refused(data: bytes) -> None:
    for read in (decoded, unzipped):
        with suppress(FormatError):
            assert isinstance(read(data), bytes)


def test_a_cut_stream_is_refused() -> None:
    with pytest.raises(FormatError, match="is cut"):
        unzipped(gzip.compress(b"model" * 100)[:-9])


def test_a_bomb_stops_at_its_cap() -> None:
    # 64 MiB of nothing in 64 KiB, and a cap of 1 MiB
    bomb = gzip.compress(bytes(64 << 20))
    sink = io.BytesIO()
    with pytest.raises(FormatError, match=r"more than 1,048,576 bytes"):
        gunzip(io.BytesIO(bomb), sink, 1 << 20)
    assert len(sink.getvalue()) <= 1 << 20
