import gzip
from collections.abc import AsyncGenerator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api.answer import Answer, unzipped
from pipeline.errors import AnswerTooLargeError, BrokenConnectionError


async def given_pieces(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


def answer(*pieces: bytes) -> Answer:
    return Answer(200, {}, given_pieces(list(pieces)))


async def rest(of: Answer, most: int = 1000) -> bytes:
    return b"".join([piece async for piece in of.pieces(most)])


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.integers(0, 40))
def test_the_head_is_the_start_and_the_pieces_give_every_byte_once(
    pieces: list[bytes], most: int
) -> None:
    async def read() -> None:
        one = answer(*pieces)
        body = b"".join(pieces)
        assert await one.head(most) == body[:most]
        assert await one.head(most // 2) == body[: most // 2]
        assert await rest(one) == body

    anyio.run(read)


@pytest.mark.anyio
@pytest.mark.parametrize("head", [0, 1, 4, 9])
async def test_a_cap_counts_what_the_head_has_read(head: int) -> None:
    one = answer(b"four", b"five5")  # 4 + 5 bytes
    await one.head(head)
    with pytest.raises(AnswerTooLargeError, match="larger than 8 bytes"):
        await rest(one, most=8)


@pytest.mark.anyio
async def test_a_body_of_exactly_the_cap_is_not_too_large() -> None:
    assert await rest(answer(b"four", b"five5"), most=9) == b"fourfive5"


@pytest.mark.anyio
async def test_a_body_is_given_once() -> None:
    one = answer(b"four")
    await one.head(4)
    assert await rest(one) == b"four"
    assert await rest(one) == b""


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.anyio
@pytest.mark.parametrize("plain", [b"", b"x", bytes(1 << 20), bytes((3 << 20) + 7)])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
async def test_gzip_is_undone_however_it_is_cut_into_pieces_of_a_mebibyte_at_most(
    plain: bytes, size: int
) -> None:
    pieces = [each async for each in unzipped(given_pieces(cut(gzip.compress(plain), size)))]
    assert b"".join(pieces) == plain
    assert max(map(len, pieces), default=0) <= 1 << 20


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=60), st.integers(1, 9))
def test_hostile_gzip_comes_out_whole_or_raises(head: bytes, tail: bytes, size: int) -> None:
    async def read(body: bytes) -> bytes:
        return b"".join([piece async for piece in unzipped(given_pieces(cut(body, size)))])

    for body in (head, b"\x1f\x8b\x08" + head, gzip.compress(head) + tail):
        try:
            plain = anyio.run(read, body)
        except BrokenConnectionError:
            assert body.startswith(b"\x1f")
        else:
            assert plain in {body, head}
