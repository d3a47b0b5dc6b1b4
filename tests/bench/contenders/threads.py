"""A pool of threads, a photo each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.order import Order


def in_threads(order: Order, convert: Callable[[str], bytes]) -> None:
    """Convert all photos, `in_flight` at once, and write the models."""

    def work(photo: str) -> None:
        order.result(photo).write_bytes(convert(photo))

    with ThreadPoolExecutor(order.in_flight) as pool:
        for done in [pool.submit(work, photo) for photo in order.photos]:
            done.result()
