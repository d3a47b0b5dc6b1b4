"""The jobs that a run has something to do for, read from the ledger a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from anyio import to_thread

from pipeline.ledger import BEFORE_ALL
from pipeline.perform import amiss

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from pipeline.admission import Admission
    from pipeline.ledger import Roster
    from pipeline.model import Ticket
    from pipeline.store import Store

T = TypeVar("T")

_READ_AHEAD = 100
_LOOKED_AT = 1000


class Guarded(Protocol):
    """Awaits work whose failure ends admission; gives None then."""

    async def __call__(self, work: Awaitable[T], /) -> T | None:
        """Await."""
        ...


class Supply:
    """Gives tickets as long as the run goes on.

    What is paid for goes on until a signal, the rest until admission ends. `guarded` awaits a
    reading of the ledger and ends admission where it fails: raised here, it would cancel the calls
    in flight.
    """

    def __init__(self, roster: Roster, admission: Admission, guarded: Guarded) -> None:
        self._roster = roster
        self._admission = admission
        self._guarded = guarded

    async def waiting(self, limit: int | None) -> AsyncIterator[Ticket]:
        """Give pending jobs by priority, each once, at most `limit` of them."""
        after, left = BEFORE_ALL, limit
        while found := await self._guarded(self._roster.waiting(after, _READ_AHEAD)):
            for each in found:
                if self._admission.stop is not None or left == 0:
                    return
                yield each.ticket
                after = (each.ticket.job.priority, each.position)
                left = left and left - 1

    async def rescues(self) -> list[Ticket]:
        """Give what is paid for, or may be, and not home."""
        return await self._roster.rescues()

    async def paid_for(self, tickets: Sequence[Ticket]) -> AsyncIterator[Ticket]:
        """Give these, until a signal."""
        for ticket in tickets:
            if self._admission.is_signalled:
                return
            yield ticket

    async def amiss(self, store: Store) -> AsyncIterator[Ticket]:
        """Give finished jobs whose files are not where the ledger has them, until a signal."""
        after = BEFORE_ALL
        while found := await self._guarded(self._roster.finished(after, _LOOKED_AT)):
            wrong = await to_thread.run_sync(amiss, store, found)
            tickets = await self._guarded(self._roster.tickets(wrong)) if wrong else ()
            for each in tickets or ():
                if self._admission.is_signalled:
                    return
                yield each
            after = (found[-1].priority, found[-1].position)
