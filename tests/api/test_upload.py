"""Bodies on their way out."""

from io import BytesIO

import pytest

from pipeline.api.upload import FileUpload, sent, sliced

KIB = 1 << 10


def test_a_small_body_goes_in_one_piece() -> None:
    assert list(sliced([b'{"image":"', b"AAAA", b'"}'])) == [b'{"image":"AAAA"}']


def test_a_large_body_goes_in_slices_that_are_no_copies() -> None:
    image = bytes(range(250)) * (2 * KIB)
    pieces = list(sliced([b"<", image, b">"]))
    assert [len(piece) for piece in pieces] == [1, 192 * KIB, 192 * KIB, 116 * KIB, 1]  # 500 KiB
    assert b"".join(pieces) == b"<" + image + b">"
    assert all(isinstance(piece, memoryview) and piece.obj is image for piece in pieces[1:4])


def test_a_file_is_read_from_its_beginning_whatever_was_read_of_it_before() -> None:
    data = bytes(range(250)) * (2 * KIB)
    file = BytesIO(data)
    file.read(10)
    assert b"".join(FileUpload(file, len(data)).pieces()) == data


@pytest.mark.anyio
async def test_a_body_is_closed_once_the_network_has_all_of_it() -> None:
    file = BytesIO(b"12345")
    pieces = [bytes(piece) async for piece in sent(FileUpload(file, 5))]
    assert pieces == [b"12345"]
    assert file.closed
