"""Jobs of which nobody knows whether they were billed, settled by the provider's history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.errors import ApiError, Charged
from pipeline.ledger import Closing, Unknown
from pipeline.model import Error, Receipt, Status, Ticket
from pipeline.perform.sharing import share_with_twins
from pipeline.reconcile import SLACK, Finding, Follows, Patience, Reading, Row, adopted, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime

    from pipeline.perform.desk import Desk
    from pipeline.reconcile import Asked

_LONGEST = timedelta(days=30)  # the provider takes at most 31 days, both ends counted
_MOST_PAGES = 100_000
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
    findings = await _findings(desk, unknown)
    settled, left = [], []
    for each in unknown:
        finding = findings[each.asked.number]
        if not each.counts:
            continue
        if finding.follows is Follows.LEFT:
            left.append(Left(each, finding.why))
        elif (ticket := await _settle(desk, each, finding)) is not None:
            settled.append(ticket)
    return Reconciled(tuple(settled), tuple(left))


async def _findings(desk: Desk, unknown: Sequence[Unknown]) -> dict[int, Finding]:
    asked = [each.asked for each in unknown]
    if desk.client.endpoint.history_url is None:
        return {each.number: Finding(Follows.LEFT, None, NO_HISTORY) for each in asked}
    findings = await _by_id(desk, asked)
    rest = [each for each in asked if each.number not in findings]
    if rest:
        findings |= await _by_page(desk, rest)
    return findings


async def _by_id(desk: Desk, asked: Sequence[Asked]) -> dict[int, Finding]:
    """Look those up that have an id, as long as the history can be read."""
    found: dict[int, Finding] = {}
    fault = ""
    for each in asked:
        if each.request_id is not None and not fault:
            try:
                row = await desk.client.request(each.request_id)
            except ApiError as error:
                fault = error.message
            else:
                if row is not None:
                    found[each.number] = adopted(each.protocol, row)
    if fault:
        return {each.number: Finding(Follows.LEFT, None, fault) for each in asked} | found
    return found


async def _by_page(desk: Desk, asked: Sequence[Asked]) -> dict[int, Finding]:
    """Read the days in which these were sent, and judge."""
    policy = desk.policy
    patience = Patience(
        desk.now(), timedelta(seconds=policy.timeout), timedelta(seconds=policy.settle)
    )
    reading = await _reading(desk, _days(asked, patience))
    parameters = [each.parameters for each in asked if each.parameters is not None]
    others = await desk.lookup.settled_alike(parameters)
    return judge([*asked, *others], reading, patience)


def _days(asked: Sequence[Asked], patience: Patience) -> list[tuple[date, date]]:
    """Give the stretches of days in which rows of these may be, none longer than may be asked."""
    stretches: list[tuple[date, date]] = []
    for each in sorted(asked, key=lambda one: one.sent_at):
        first = (each.sent_at - SLACK).date()
        last = min(each.sent_at + patience.timeout + SLACK, patience.now + SLACK).date()
        if stretches and first <= stretches[-1][1] and last - stretches[-1][0] <= _LONGEST:
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((first, last))
    return stretches


async def _reading(desk: Desk, days: Sequence[tuple[date, date]]) -> Reading:
    """Read every page of some days; set aside the rows that the ledger knows the owners of."""
    requests: dict[str, Row] = {}
    owners: dict[str, Asked] = {}
    shown: dict[str, datetime] = {}
    fault = ""
    try:
        async for rows in _pages(desk, days):
            new = await desk.lookup.owners_of([row.request_id for row in rows])
            owners |= {each.request_id: each for each in new if each.request_id is not None}
            for row in rows:
                before = requests.get(row.request_id)
                owner = owners.get(row.request_id)
                if owner is None or owner.is_open:
                    requests[row.request_id] = row if before is None else before.joined(row)
                elif owner.is_shown_by(row):
                    shown[owner.shape] = max(owner.sent_at, shown.get(owner.shape, owner.sent_at))
    except ApiError as error:
        fault = error.message
    return Reading(
        tuple(row for id_, row in requests.items() if id_ not in owners),
        whole=not fault,
        shown=shown,
        fault=fault,
        own={owners[id_].number: row for id_, row in requests.items() if id_ in owners},
        known=frozenset(owners),
    )


async def _pages(desk: Desk, days: Sequence[tuple[date, date]]) -> AsyncIterator[list[Row]]:
    """Give the pages of some days, until a signal. Raises ApiError, also where they do not end."""
    for first, last in days:
        seen: set[str] = set()
        for page in range(1, _MOST_PAGES):
            if desk.admission.is_signalled:
                raise _unread("a signal ended the reading")
            rows = await desk.client.requests(first, last, page)
            ids = {row.request_id for row in rows}
            if not rows:
                break
            if ids <= seen:
                raise _unread("a page shows only what the ones before it have shown")
            seen |= ids
            yield rows
        else:
            raise _unread(f"there are more than {_MOST_PAGES:,} pages")


def _unread(why: str) -> ApiError:
    said = f"the provider's history cannot be read whole: {why}"
    return ApiError(said, charged=Charged.NO, kind="history")


async def _settle(desk: Desk, unknown: Unknown, finding: Finding) -> Ticket | None:
    """Journal what a finding says. None for an attempt that no ticket waits for."""
    ticket, number = unknown.ticket, unknown.asked.number
    receipt = _receipt(finding)
    if unknown.resent is not None and finding.follows in {Follows.RECEIVED, Follows.ACCEPTED}:
        ticket = await desk.moves.reclaimed(unknown.resent, number)
    if ticket is None:
        if finding.follows is not Follows.ACCEPTED:
            await desk.moves.settled(number, receipt)
            desk.admission.learnt(number, 0 if receipt is None else receipt.bill(unknown.reserved))
        return None
    match finding.follows:
        case Follows.RECEIVED if finding.row is not None and receipt is not None:
            links = finding.row.links
            settled, _ = await desk.moves.received(ticket, number, receipt, links)
        case Follows.ACCEPTED if finding.row is not None:
            settled = await desk.moves.accepted(ticket, number, finding.row.request_id)
            return desk.tell(ticket, settled)
        case Follows.FAILED_BILLED if receipt is not None:
            error = Error("failed_billed", f"by the provider's history it {_failure(finding)}")
            settled = await desk.moves.failed_billed(ticket, number, receipt, error)
        case _:
            return await _free(desk, ticket, number, finding)
    credits = receipt.bill(unknown.reserved)
    desk.admission.learnt(number, credits)
    desk.tell(ticket, settled, credits=credits)
    if settled.status is Status.FAILED:
        await share_with_twins(desk, settled)
    return settled


async def _free(desk: Desk, ticket: Ticket, number: int, finding: Finding) -> Ticket:
    """Let a job that was certainly not billed be sent again, if it has a try left."""
    last = ticket.attempts >= desk.policy.attempts
    error = Error("not_billed", f"not billed: {finding.why}")
    status = Status.FAILED if last else Status.PENDING
    freed = await desk.moves.closed(ticket, number, Closing(error), status)
    desk.admission.learnt(number, 0)
    desk.tell(ticket, freed, error=error)
    await share_with_twins(desk, freed)
    return freed


def _receipt(finding: Finding) -> Receipt | None:
    row = finding.row
    if row is None or finding.follows not in {Follows.RECEIVED, Follows.FAILED_BILLED}:
        return None
    return Receipt(request_id=row.request_id, credits=row.credits)


def _failure(finding: Finding) -> str:
    row = finding.row
    return "failed" if row is None or not row.error else f"failed: {row.error}"
