"""One process: a producer, consumers, and a stream between them that holds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pipeline.model import Ticket

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from anyio.streams.memory import MemoryObjectReceiveStream


async def drain(
    tickets: AsyncIterable[Ticket],
    work: Callable[[Ticket], Awaitable[None]],
    *,
    workers: int,
) -> None:
    """Give every ticket to a worker; return when all are done.

    A ticket is taken from `tickets` only when a worker is free for it, so memory does not grow
    with their number. `work` deals with what goes wrong; an exception of its own ends everything.
    """
    send, receive = anyio.create_memory_object_stream[Ticket](0)
    async with anyio.create_task_group() as consumers, send, receive:
        for _ in range(workers):
            consumers.start_soon(_consume, receive.clone(), work)
        async for ticket in tickets:
            await send.send(ticket)


async def _consume(
    receive: MemoryObjectReceiveStream[Ticket], work: Callable[[Ticket], Awaitable[None]]
) -> None:
    async with receive:
        async for ticket in receive:
            await work(ticket)
