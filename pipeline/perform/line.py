"""The line a job goes along: share or buy, follow, collect, and let its twins share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_result

from pipeline.admission import Ended
from pipeline.model import Status, Ticket
from pipeline.perform.buying import buy
from pipeline.perform.collecting import collect
from pipeline.perform.following import follow
from pipeline.perform.sharing import share, share_with_twins
from pipeline.retry import SUBMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pipeline.perform.answering import Brought
    from pipeline.perform.desk import Desk


async def perform(desk: Desk, ticket: Ticket) -> Ticket:
    """Take a pending job as far as it gets in this run; return it as the ledger has it.

    Tries that the service failed are repeated after a backoff, up to the manifest's attempts.
    Raises only LedgerError and StoreError: whatever else goes wrong is the job's state.
    """
    is_clear = ticket.is_alone or desk.lookup.is_clear(ticket)
    shared = None if is_clear else await share(desk, ticket)
    if shared is not None:
        return shared
    brought: Brought | None = None

    async def attempt() -> bool:
        nonlocal ticket, brought
        ticket, again, brought = await buy(desk, ticket)
        if ticket.status is Status.ACCEPTED:
            ticket = await follow(desk, ticket, fresh=True)
            again = ticket.status is Status.PENDING
        return again

    try:
        if await attempt():
            await _repeated(attempt, desk)
    except Ended:
        return ticket
    return await _bring_home(desk, ticket, brought)


async def _repeated(attempt: Callable[[], Awaitable[bool]], desk: Desk) -> None:
    """Go on after a first try that failed: few jobs need it, and all would pay for its setting up.

    Raises Ended.
    """
    failed = True

    async def another() -> bool:
        nonlocal failed
        known, failed = failed, False
        return known or await attempt()

    retrying = AsyncRetrying(
        sleep=desk.admission.pause, wait=SUBMIT.wait, retry=retry_if_result(bool)
    )
    await retrying(another)


async def rescue(desk: Desk, ticket: Ticket) -> Ticket:
    """Bring home what an earlier run paid for, or may have; costs nothing."""
    if ticket.twin_of is not None:
        return await share(desk, ticket) or ticket
    if ticket.status in {Status.ACCEPTED, Status.UNKNOWN}:
        ticket = await follow(desk, ticket, fresh=False)
    return await _bring_home(desk, ticket)


async def _bring_home(desk: Desk, ticket: Ticket, brought: Brought | None = None) -> Ticket:
    if ticket.status is Status.RECEIVED:
        with desk.admission.judging():
            ticket = await collect(desk, ticket, brought)
    await share_with_twins(desk, ticket)
    return ticket
