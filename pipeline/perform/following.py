"""A v2 request, followed from its id to its bill."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from pipeline.admission import Ends
from pipeline.api.classify import Meaning, Means
from pipeline.errors import AnswerTooLargeError, BrokenConnectionError
from pipeline.ledger import Closing, Purchase
from pipeline.model import Error, Receipt, Status, Stop, StopKind, Ticket
from pipeline.perform.answering import keep_answer

if TYPE_CHECKING:
    from pipeline.api.answer import Answer
    from pipeline.perform.desk import Desk


_LEAST = 1.0
_ASK_AGAIN = frozenset({Means.RUNNING, Means.AGAIN, Means.LIMITED})


async def follow(desk: Desk, ticket: Ticket, *, fresh: bool) -> Ticket:
    """Poll an accepted job until it is received, failed, or out of time.

    A `fresh` one was accepted just now, and is not asked for at once. Out of time it stays
    accepted, and the next run polls on.
    """
    purchase = desk.lookup.purchase(ticket)
    if purchase is None or purchase.receipt.request_id is None:
        return ticket
    ends = Ends.UNSENT
    try:
        ticket = await _follow(desk, ticket, purchase, purchase.receipt.request_id, fresh=fresh)
        ends = Ends.LOST if ticket.status is Status.ACCEPTED else Ends.SUCCEEDED
    finally:
        desk.admission.parted(purchase.number, ends)
    return ticket


async def _follow(
    desk: Desk, ticket: Ticket, purchase: Purchase, request_id: str, *, fresh: bool
) -> Ticket:
    began, polls, troubled = desk.clock(), 0, False
    if fresh:
        await desk.sleep(desk.pace.delay(0.0, desk.random()))
    while True:
        waited = desk.clock() - began
        left = desk.policy.timeout - waited
        meaning, ticket = await _asked(desk, ticket, purchase, request_id, max(left, _LEAST))
        polls, troubled = polls + 1, troubled or meaning.means is Means.AGAIN
        early = fresh and meaning.means is Means.EXPIRED and waited < desk.policy.timeout
        if meaning.means not in _ASK_AGAIN and not early:
            if fresh and not troubled:
                desk.pace.took(waited, polls)
            still = ticket.status is Status.UNKNOWN and meaning.means is Means.EXPIRED
            return ticket if still else await _settle(desk, ticket, purchase, meaning)
        left = desk.policy.timeout - (desk.clock() - began)
        if left <= 0:
            return await _stay(desk, ticket, "timeout", "not done within api.timeout")
        delay = desk.pace.delay(waited if fresh else math.inf, desk.random())
        await desk.sleep(min(delay, left))


async def _asked(
    desk: Desk, ticket: Ticket, purchase: Purchase, request_id: str, seconds: float
) -> tuple[Meaning, Ticket]:
    """Ask once how far a request is; take its answer if it is there."""
    meaning = await desk.client.poll(request_id, seconds)
    if meaning.means is not Means.READY:
        return meaning, ticket
    async with desk.client.result(request_id, seconds) as (meaning, answer):
        if meaning.means is Means.RECEIVED and answer is not None:
            ticket = await _received(desk, ticket, purchase, meaning.receipt, answer)
    return meaning, ticket


async def _settle(desk: Desk, ticket: Ticket, purchase: Purchase, meaning: Meaning) -> Ticket:
    error = Error(meaning.kind, meaning.message)
    match meaning.means:
        case Means.RECEIVED:
            return ticket
        case Means.FAILED:
            return await _failed(desk, ticket, purchase, error)
        case Means.FAILED_BILLED:
            receipt = meaning.receipt
            credits = receipt.bill(purchase.reserved)
            failed = await desk.moves.failed_billed(ticket, purchase.number, receipt, error)
            desk.admission.learnt(purchase.number, credits)
            return desk.tell(ticket, failed, error=error, credits=credits)
        case Means.REFUSED:
            desk.stop(Stop(StopKind.REFUSED, error.message))
            return await _stay(desk, ticket, error.kind, error.message)
        case Means.EXPIRED:
            lost = await desk.moves.closed(ticket, purchase.number, Closing(error), Status.UNKNOWN)
            return desk.tell(ticket, lost, error=error)
        case _:
            return await _stay(desk, ticket, error.kind, error.message)


async def _received(
    desk: Desk, ticket: Ticket, purchase: Purchase, receipt: Receipt, answer: Answer
) -> Ticket:
    """Journal the bill, then the answer; its links are read where v1's are.

    An answer that breaks off is asked for again by whoever collects it.
    """
    desk.admission.balance.seen(receipt.remaining)
    received, _ = await desk.moves.received(ticket, purchase.number, receipt)
    credits = receipt.bill(purchase.reserved)
    desk.admission.learnt(purchase.number, credits)
    with suppress(BrokenConnectionError, AnswerTooLargeError):
        await keep_answer(desk, received, purchase.number, answer)
    return desk.tell(ticket, received, credits=credits)


async def _failed(desk: Desk, ticket: Ticket, purchase: Purchase, error: Error) -> Ticket:
    """Free a job that ran and failed unbilled: it is pending again, and a try is used."""
    used = await desk.lookup.tries(ticket)
    tries = 0 if ticket.status is Status.UNKNOWN and used else 1
    status = Status.FAILED if used + tries >= desk.policy.attempts else Status.PENDING
    freed = await desk.moves.closed(ticket, purchase.number, Closing(error, tries), status)
    desk.admission.learnt(purchase.number, 0)
    return desk.tell(ticket, freed, error=error)


async def _stay(desk: Desk, ticket: Ticket, kind: str, message: str) -> Ticket:
    said = f"{message}; the request goes on at the provider, and the next run asks again"
    return await desk.move(ticket, ticket.status, Error(kind, said))
