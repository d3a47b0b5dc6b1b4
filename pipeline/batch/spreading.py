"""Work on many things at once, a share and a thread for each core."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


async def spread(
    items: Sequence[Item], work: Callable[[Iterable[Item]], Result], *, most: int | None = None
) -> list[Result]:
    """Let `work` go through shares of the items in threads; give what it made of each share.

    There are at most as many shares as cores, and `most` if that is given. A cancelled scope does
    not wait for it: the shares then end with the item in hand.
    """
    count = min(most or os.cpu_count() or 1, len(items))
    left = threading.Event()
    results: list[Result] = []

    async def go_through(share: Sequence[Item]) -> None:
        take = partial(work, _until(left, share))
        results.append(await to_thread.run_sync(take, abandon_on_cancel=True))

    try:
        async with anyio.create_task_group() as shares:
            for first in range(count):
                shares.start_soon(go_through, items[first::count])
    finally:
        left.set()
    return results


def _until(left: threading.Event, items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        if left.is_set():
            return
        yield item
