"""The provider's own client, `segmind`, in threads."""

from __future__ import annotations

import base64
import threading
from itertools import count
from pathlib import Path

import httpx
from segmind import SegmindClient

from bench.contenders.threads import in_threads
from bench.order import MODEL, Order, ordered

_SECONDS = 180.0
_KEPT = 20
"""The connections that httpx keeps open for a client, and so the threads that share one.

With more, it closes some between two calls, and now and then one that another thread has just
taken: `ReadError: Bad file descriptor`.
"""


class Clients:
    """The provider's client for the API, and httpx's own for the files that v2 links to."""

    def __init__(self, order: Order) -> None:
        self._order = order
        groups = range(-(-order.in_flight // _KEPT))
        self._clients = [
            (
                SegmindClient("bench", f"{order.url}/v1", timeout=_SECONDS),
                httpx.Client(timeout=_SECONDS),
            )
            for _ in groups
        ]
        self._threads = count()
        self._own = threading.local()

    def convert(self, photo: str) -> bytes:
        """Turn a photo into a model."""
        if not hasattr(self._own, "clients"):
            self._own.clients = self._clients[next(self._threads) % len(self._clients)]
        client, files = self._own.clients
        image = base64.b64encode(Path(photo).read_bytes()).decode()
        if self._order.protocol == "v1":
            whole: bytes = client.run_sync(MODEL, image=image, seed=42).content
            return whole
        done = client.run(MODEL, image=image, seed=42)
        file: bytes = files.get(done["output"]).raise_for_status().content
        return file


def main() -> None:
    """Do what the order says."""
    order = ordered()
    in_threads(order, Clients(order).convert)


if __name__ == "__main__":
    main()
