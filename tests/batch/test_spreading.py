"""Work on many things at once, in shares."""

import threading
from collections.abc import Iterable

import anyio
import pytest

from pipeline.batch.spreading import spread

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
async def test_every_item_is_in_one_share(count: int) -> None:
    shares = await spread(range(count), list)
    assert sorted(item for share in shares for item in share) == list(range(count))


async def test_there_are_at_most_so_many_shares() -> None:
    assert await spread(range(1000), list, most=1) == [list(range(1000))]


async def test_whoever_leaves_ends_the_shares_with_the_items_in_hand() -> None:
    begun, go_on, ended = threading.Semaphore(0), threading.Event(), threading.Semaphore(0)
    done: list[int] = []

    def work(share: Iterable[int]) -> None:
        for item in share:
            done.append(item)
            begun.release()
            go_on.wait(10)
        ended.release()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spread, range(1000), work)
        await anyio.to_thread.run_sync(begun.acquire)
        tasks.cancel_scope.cancel()
    go_on.set()
    assert ended.acquire(timeout=10)
    assert len(done) < 1000
