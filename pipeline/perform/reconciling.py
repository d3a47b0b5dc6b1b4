"""Jobs of which nobody knows whether they were billed, settled by the provider's history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.errors import ApiError
from pipeline.ledger import Closing, Unknown
from pipeline.model import Error, Receipt, Status, Ticket
from pipeline.perform.sharing import share_with_twins
from pipeline.reconcile import SLACK, Follows, Patience, Reading, Row, Verdict, adopted, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime

    from pipeline.perform.desk import Desk
    from pipeline.reconcile import Asked

_LONGEST = timedelta(days=30)  # the provider takes at most 31 days, both ends counted
_MOST_PAGES = 10_000
NO_HISTORY = "there is no history to ask: api.history_url is not set"


@dataclass(frozen=True, slots=True)
class Left:
    """An attempt that stays unknown, and why."""

    unknown: Unknown
    why: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the history settled: tickets that it brought on, and attempts that it left."""

    settled: tuple[Ticket, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def freed(self) -> bool:
        """Whether a job may be sent again."""
        return any(each.status is Status.PENDING for each in self.settled)

    @property
    def paid_for(self) -> list[Ticket]:
        """Give the tickets whose results are to be brought home."""
        return [each for each in self.settled if each.status in {Status.RECEIVED, Status.ACCEPTED}]


async def reconcile(desk: Desk) -> Reconciled:
    """Settle what the history tells, of the manifest's jobs and of attempts nobody waits for.

    All unknown attempts of the ledger are compared with it, for a row may be any of theirs.
    """
    unknown = await desk.lookup.unknown()
    if not any(each.counts for each in unknown):
        return Reconciled()
    verdicts = await _verdicts(desk, unknown)
    settled, left = [], []
    for each in unknown:
        verdict = verdicts[each.asked.number]
        if not each.counts:
            continue
        if verdict.follows is Follows.LEFT:
            left.append(Left(each, verdict.why))
        elif (ticket := await _settle(desk, each, verdict)) is not None:
            settled.append(ticket)
    return Reconciled(tuple(settled), tuple(left))


async def _verdicts(desk: Desk, unknown: Sequence[Unknown]) -> dict[int, Verdict]:
    asked = [each.asked for each in unknown]
    if desk.client.endpoint.history_url is None:
        return {each.number: Verdict(Follows.LEFT, None, NO_HISTORY) for each in asked}
    verdicts = await _by_id(desk, asked)
    rest = [each for each in asked if each.number not in verdicts]
    if rest:
        verdicts |= await _by_page(desk, rest)
    return verdicts


async def _by_id(desk: Desk, asked: Sequence[Asked]) -> dict[int, Verdict]:
    """Look those up that have an id."""
    found = {}
    for each in asked:
        if each.request_id is not None:
            try:
                row = await desk.client.request(each.request_id)
            except ApiError as error:
                found[each.number] = Verdict(Follows.LEFT, None, error.message)
            else:
                if row is not None:
                    found[each.number] = adopted(each.protocol, row)
    return found


async def _by_page(desk: Desk, asked: Sequence[Asked]) -> dict[int, Verdict]:
    """Read the days in which these were sent, and judge."""
    policy = desk.policy
    patience = Patience(
        desk.now(), timedelta(seconds=policy.timeout), timedelta(seconds=policy.settle)
    )
    first = min(each.sent_at for each in asked) - SLACK
    last = max(each.sent_at for each in asked) + patience.timeout + SLACK
    reading = await _reading(desk, first, min(last, patience.now + SLACK))
    parameters = [each.parameters for each in asked if each.parameters is not None]
    others = await desk.lookup.settled_without_id(parameters)
    return judge([*asked, *others], reading, patience)


async def _reading(desk: Desk, first: datetime, last: datetime) -> Reading:
    """Read every page of some days; set aside the rows that the ledger knows the owners of."""
    requests: dict[str, Row] = {}
    shown: list[datetime] = []
    fault = ""
    try:
        async for rows in _pages(desk, first.date(), last.date()):
            free, known = await _set_aside(desk, rows)
            for row in free:
                before = requests.get(row.request_id)
                requests[row.request_id] = row if before is None else before.joined(row)
            shown += known
    except ApiError as error:
        fault = error.message
    latest = max(shown, default=None)
    return Reading(tuple(requests.values()), whole=not fault, shown=latest, fault=fault)


async def _pages(desk: Desk, first: date, last: date) -> AsyncIterator[list[Row]]:
    """Give the pages of some days, a stretch at a time. Raises ApiError."""
    while first <= last:
        until = min(first + _LONGEST, last)
        for page in range(1, _MOST_PAGES):
            rows = await desk.client.requests(first, until, page)
            if not rows:
                break
            yield rows
        first = until + timedelta(days=1)


async def _set_aside(desk: Desk, rows: Sequence[Row]) -> tuple[list[Row], list[datetime]]:
    """Give the rows without an owner, and when those of our own among the others were sent."""
    known = await desk.lookup.owners_of([row.request_id for row in rows])
    owners = {each.request_id: each for each in known}
    shown = [
        owners[row.request_id].sent_at
        for row in rows
        if row.request_id in owners and owners[row.request_id].is_shown_by(row)
    ]
    return [row for row in rows if row.request_id not in owners], shown


async def _settle(desk: Desk, unknown: Unknown, verdict: Verdict) -> Ticket | None:
    """Journal what a verdict says. None for an attempt that no ticket waits for."""
    ticket, number = unknown.ticket, unknown.asked.number
    receipt = _receipt(verdict)
    if ticket is None:
        if verdict.follows is not Follows.ACCEPTED:
            await desk.moves.settled(number, receipt)
            desk.admission.learnt(number, 0 if receipt is None else receipt.bill(unknown.reserved))
        return None
    match verdict.follows:
        case Follows.RECEIVED if verdict.row is not None and receipt is not None:
            settled = await desk.moves.received(ticket, number, receipt, verdict.row.links)
        case Follows.ACCEPTED if verdict.row is not None:
            settled = await desk.moves.accepted(ticket, number, verdict.row.request_id)
            return desk.tell(ticket, settled)
        case Follows.FAILED_BILLED if receipt is not None:
            error = Error("failed_billed", f"by the provider's history it {_failure(verdict)}")
            settled = await desk.moves.failed_billed(ticket, number, receipt, error)
        case _:
            return await _free(desk, ticket, number, verdict)
    credits = receipt.bill(unknown.reserved)
    desk.admission.learnt(number, credits)
    desk.tell(ticket, settled, credits=credits)
    if settled.status is Status.FAILED:
        await share_with_twins(desk, settled)
    return settled


async def _free(desk: Desk, ticket: Ticket, number: int, verdict: Verdict) -> Ticket:
    """Let a job that was certainly not billed be sent again, if it has a try left."""
    last = ticket.attempts >= desk.policy.attempts
    error = Error("not_billed", f"not billed: {verdict.why}")
    status = Status.FAILED if last else Status.PENDING
    freed = await desk.moves.closed(ticket, number, Closing(error), status)
    desk.admission.learnt(number, 0)
    desk.tell(ticket, freed, error=error)
    await share_with_twins(desk, freed)
    return freed


def _receipt(verdict: Verdict) -> Receipt | None:
    row = verdict.row
    if row is None or verdict.follows not in {Follows.RECEIVED, Follows.FAILED_BILLED}:
        return None
    return Receipt(request_id=row.request_id, credits=row.credits)


def _failure(verdict: Verdict) -> str:
    row = verdict.row
    return "failed" if row is None or not row.error else f"failed: {row.error}"
