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
    from pipeline.perform.desk import Desk


async def perform(desk: Desk, ticket: Ticket) -> Ticket:
    """Take a pending job as far as it gets in this run; return it as the ledger has it.

    Tries that the service failed are repeated after a backoff, up to the manifest's attempts.
    Raises only LedgerError and StoreError: whatever else goes wrong is the job's state.
    """
    shared = await share(desk, ticket)
    if shared is not None:
        return shared

    async def attempt() -> bool:
        nonlocal ticket
        ticket, again = await buy(desk, ticket)
        if ticket.status is Status.ACCEPTED:
            ticket = await follow(desk, ticket, fresh=True)
            again = ticket.status is Status.PENDING
        return again

    retrying = AsyncRetrying(
        sleep=desk.admission.pause, wait=SUBMIT.wait, retry=retry_if_result(bool)
    )
    try:
        await retrying(attempt)
    except Ended:
        return ticket
    return await _bring_home(desk, ticket)


async def rescue(desk: Desk, ticket: Ticket) -> Ticket:
    """Bring home what an earlier run paid for, or may have; costs nothing."""
    if ticket.twin_of is not None:
        return await share(desk, ticket) or ticket
    if ticket.status in {Status.ACCEPTED, Status.UNKNOWN}:
        ticket = await follow(desk, ticket, fresh=False)
    return await _bring_home(desk, ticket)


async def _bring_home(desk: Desk, ticket: Ticket) -> Ticket:
    if ticket.status is Status.RECEIVED:
        ticket = await collect(desk, ticket)
    await share_with_twins(desk, ticket)
    return ticket
