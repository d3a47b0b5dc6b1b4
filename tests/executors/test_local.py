"""Tickets over workers."""

from collections.abc import AsyncIterator

import anyio
import pytest

from pipeline.executors import drain
from pipeline.model import Job, Status, Ticket

pytestmark = pytest.mark.anyio


def ticket(number: int) -> Ticket:
    return Ticket(Job(f"j{number}", "a.png"), f"{number:064x}", Status.PENDING)


class Source:
    """Tickets that count how many were taken."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[Ticket]:
        for number in range(self.count):
            self.taken += 1
            yield ticket(number)


async def test_every_ticket_is_worked_on_once() -> None:
    done: list[str] = []

    async def work(each: Ticket) -> None:
        await anyio.lowlevel.checkpoint()
        done.append(each.job.id)

    await drain(Source(50), work, workers=7)
    assert sorted(done) == sorted(f"j{number}" for number in range(50))


async def test_a_ticket_is_taken_only_when_a_worker_is_free() -> None:
    source, gate, working = Source(10), anyio.Event(), 0

    async def work(_each: Ticket) -> None:
        nonlocal working
        working += 1
        await gate.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: drain(source, work, workers=3))
        await anyio.wait_all_tasks_blocked()
        # 3 are worked on, and one waits at the door: the stream itself holds none
        assert (working, source.taken) == (3, 4)
        gate.set()
    assert source.taken == 10


async def test_nothing_to_do_ends_at_once() -> None:
    async def work(_each: Ticket) -> None:
        raise AssertionError

    await drain(Source(0), work, workers=4)
