"""A bare loop on aiohttp: the least that must be done, with nothing kept to make it safe.

It reads, encodes, posts and writes. No journal, no hash, no fsync, no look at what came. The body
is built in the cheapest way known (pybase64, joined bytes; `json.dumps` of base64 text costs 70
times that), and connections are kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import pybase64

from bench.order import Order, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERY = 1.0  # seconds between polls, as the provider's SDK does


class Loop:
    """Workers that take the next photo as soon as they are done with one."""

    def __init__(self, order: Order, session: aiohttp.ClientSession) -> None:
        self._order = order
        self._session = session
        self._photos: Iterator[str] = iter(order.photos)

    async def work(self) -> None:
        """Turn photos into models until there are none left."""
        for photo in self._photos:
            encoded = pybase64.b64encode(Path(photo).read_bytes())  # noqa: ASYNC240 - that is bare
            body = b"".join([b'{"image":"', encoded, b'","seed":42}'])
            result = await (self._v1(body) if self._order.protocol == "v1" else self._v2(body))
            self._order.result(photo).write_bytes(result)

    async def _v1(self, body: bytes) -> bytes:
        async with self._session.post(self._order.submit_url, data=body) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def _v2(self, body: bytes) -> bytes:
        async with self._session.post(self._order.submit_url, data=body) as answer:
            accepted = await answer.json()
        await self._completed(accepted["status_url"])
        done = await self._json(accepted["response_url"])
        async with self._session.get(done["output"]) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def _completed(self, url: str) -> None:
        while (await self._json(url))["status"] != "COMPLETED":  # noqa: ASYNC110 - it is polled
            await anyio.sleep(_EVERY)

    async def _json(self, url: str) -> dict[str, Any]:
        async with self._session.get(url) as answer:
            fields: dict[str, Any] = await answer.json()
            return fields


async def main() -> None:
    """Do what the order says."""
    order = ordered()
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers={"Content-Type": "application/json"}
        ) as session,
        anyio.create_task_group() as workers,
    ):
        loop = Loop(order, session)
        for _ in range(order.in_flight):
            workers.start_soon(loop.work)


if __name__ == "__main__":
    anyio.run(main)
