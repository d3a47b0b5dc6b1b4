"""Bodies on their way to disk."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pipeline.store.sink import Sink
from pipeline.store.streaming import Streaming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20
PIECE = bytes(64 * KIB)


class Hops:
    """Runs work at once, and remembers how many bytes each call took."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, work: Callable[..., Any], /, *args: Any) -> Any:
        self.sizes.append(sum(map(len, args[0])))
        await anyio.lowlevel.checkpoint()
        return work(*args)


async def given(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.anyio
async def test_a_body_is_written_a_mib_at_a_time_where_there_is_memory(tmp_path: Path) -> None:
    hops, path = Hops(), tmp_path / "a"
    body = [bytes([number]) * (64 * KIB) for number in range(40)]  # 2.5 MiB
    written = await Streaming(hops)(Sink(path), given(body))
    assert hops.sizes == [MIB, MIB, 512 * KIB]
    assert path.read_bytes() == b"".join(body)
    assert written.bytes == 40 * 64 * KIB
    assert written.sha256 == hashlib.sha256(b"".join(body)).hexdigest()


@pytest.mark.anyio
async def test_a_small_body_takes_one_hop(tmp_path: Path) -> None:
    hops = Hops()
    await Streaming(hops)(Sink(tmp_path / "a"), given([PIECE] * 5))
    assert hops.sizes == [320 * KIB]


@pytest.mark.anyio
async def test_what_takes_a_while_is_told_from_what_does_not(tmp_path: Path) -> None:
    hops, heavy = Hops(), Hops()
    streaming = Streaming(hops, heavy)
    await streaming(Sink(tmp_path / "a"), given([PIECE]))
    await streaming(Sink(tmp_path / "b"), given([PIECE] * 17))
    assert (hops.sizes, heavy.sizes) == ([64 * KIB], [MIB, 64 * KIB])


@pytest.mark.anyio
async def test_bodies_hold_less_each_where_they_would_hold_too_much_together(
    tmp_path: Path,
) -> None:
    hops = Hops()
    streaming = Streaming(hops, most=MIB)
    waits = anyio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        for _ in range(15):
            yield PIECE  # 960 KiB of the 1,024
        await waits.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(streaming, Sink(tmp_path / "stalled"), stalled())
        await anyio.wait_all_tasks_blocked()
        await streaming(Sink(tmp_path / "other"), given([PIECE] * 5))
        assert hops.sizes == [128 * KIB, 128 * KIB, 64 * KIB]
        waits.set()
    await streaming(Sink(tmp_path / "later"), given([PIECE] * 5))
    assert hops.sizes[-1] == 320 * KIB  # what was held was given back


@pytest.mark.anyio
async def test_a_body_that_breaks_leaves_no_file_and_holds_nothing(tmp_path: Path) -> None:
    hops = Hops()
    streaming = Streaming(hops, most=MIB)

    async def broken() -> AsyncIterator[bytes]:
        for _ in range(31):
            yield PIECE
        raise ConnectionError

    for name in ("a", "b"):
        with pytest.raises(ConnectionError):
            await streaming(Sink(tmp_path / name), broken())
    assert names(tmp_path) == []
    await streaming(Sink(tmp_path / "c"), given([PIECE] * 5))
    assert hops.sizes[-1] == 320 * KIB


@pytest.mark.anyio
async def test_small_pieces_are_written_sooner_than_they_are_joined_again_and_again(
    tmp_path: Path,
) -> None:
    hops = Hops()
    await Streaming(hops)(Sink(tmp_path / "a"), given([bytes(KIB)] * 300))
    # 64 are joined, and again with 63 more; 64 pieces of 128 KiB and more are written: 127 + 63
    assert hops.sizes == [190 * KIB, 110 * KIB]


@pytest.mark.anyio
async def test_a_trickle_of_bytes_is_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    await Streaming(Hops())(Sink(path), given([bytes([number % 256]) for number in range(1000)]))
    assert path.read_bytes() == bytes(number % 256 for number in range(1000))
