import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import HEAD_BYTES, Format, sniff


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"glTF\x02\0\0\0", Format.GLB),
        (b"ply\nformat ascii 1.0\n", Format.PLY),
        (b"ply\r\nformat", Format.PLY),
        (b"plywood", None),
        (b"PK\x03\x04", Format.ZIP),
        (b"PK\x05\x06", Format.ZIP),
        (b"PK\x07\x08", None),
        (b'{"status": "Success"}', Format.JSON),
        (b'\xef\xbb\xbf\r\n  [{"url"', Format.JSON),
        (b'"{\\"output\\": 1}"', Format.JSON),
        (b"<!DOCTYPE html>", Format.HTML),
        (b"\n\n<HTML>", Format.HTML),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error>", Format.HTML),
        (b"< 3", None),
        (b"\xff\xd8\xff\xe0", Format.JPEG),
        (b"\x89PNG\r\n\x1a\n", Format.PNG),
        (b"RIFF\x0a\0\0\0WEBPVP8 ", Format.WEBP),
        (b"RIFF\x0a\0\0\0WAVE", None),
        (b"\xabKTX 20\xbb\r\n\x1a\n", Format.KTX2),
        (b"\x1f\x8b\x08", Format.GZIP),
        (b"Z2xURgIAAAA=", Format.BASE64),
        (b"cGx5CmZvcm1hdA==", Format.BASE64),
        (b"UEsDBBQ\r\nAAAA", Format.BASE64),
        (b"data:model/gltf-binary;base64,Z2xURg", Format.BASE64),
        (b"data:image/png;base64,iVBORw0KGgo", None),
        (b"UEsDB is how it begins: no base64", None),
        (b"", None),
        (b"\0" * 600, None),
        (b"Internal Server Error", None),
    ],
)
def test_a_head_is_named_by_its_bytes(head: bytes, expected: Format | None) -> None:
    assert sniff(head) is expected


@given(st.sampled_from([b"glTF\x02", b"ply\n", b"PK\x03\x04"]), st.binary(max_size=600))
def test_the_base64_of_a_result_is_named_so_whatever_follows(magic: bytes, rest: bytes) -> None:
    assert sniff(base64.b64encode(magic + rest)) is Format.BASE64


@given(st.binary(max_size=2 * HEAD_BYTES))
def test_nothing_past_the_head_matters(data: bytes) -> None:
    assert sniff(data) is sniff(data[:HEAD_BYTES])
