"""Any sequence of moves, held against a model of the state table and of the sums of money."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.from_thread import start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_parts import TROUBLE, opened

from pipeline.errors import IllegalMoveError
from pipeline.ledger import Closing, Sending
from pipeline.model import TRANSITIONS, Receipt, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

PRICES = st.integers(1, 9)
JOBS = ("mug", "vase", "cup")
PICKED = st.sampled_from(JOBS)
OPEN = {Status.SENT: "sent", Status.ACCEPTED: "accepted", Status.UNKNOWN: "unknown"}


@dataclass
class Bill:
    state: str
    amount: int


@dataclass
class Known:
    ticket: Ticket
    tries: int = 0
    bills: dict[int, Bill] = field(default_factory=dict)
    attempt: int = 0

    @property
    def status(self) -> Status:
        return self.ticket.status

    @property
    def bill(self) -> Bill:
        return self.bills.get(self.attempt, Bill("none", 0))


class Journal(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.portals = start_blocking_portal()
        self.portal = self.portals.__enter__()
        self.open()
        self.jobs = {id_: Known(self.portal.call(self.parts.pending, id_)) for id_ in JOBS}

    def open(self) -> None:
        ledger = Path(self.folder.name) / "l.sqlite"
        self.run = self.portal.wrap_async_context_manager(opened(ledger))
        self.parts = self.run.__enter__()

    def teardown(self) -> None:
        self.run.__exit__(None, None, None)
        self.portals.__exit__(None, None, None)
        self.folder.cleanup()

    def tried(self, job: Known, after: Status, step: Callable[[], Any], *, bills: bool) -> bool:
        """Take a step; it works if and only if the table, and the attempt's state, allow it."""
        legal = after in TRANSITIONS[job.status] and (not bills or job.bill.state in OPEN.values())
        try:
            moved = step()
        except IllegalMoveError:
            assert not legal
            return False
        assert legal
        job.ticket = moved
        return True

    @rule(picked=PICKED, price=PRICES)
    def send(self, picked: str, price: int) -> None:
        job = self.jobs[picked]
        try:
            sent = self.portal.call(self.parts.moves.sent, job.ticket, Sending("v1", "b", price))
        except IllegalMoveError:
            assert job.status is not Status.PENDING
            return
        assert job.status is Status.PENDING
        assert sent is not None
        job.ticket, job.attempt = sent
        job.bills[job.attempt] = Bill("sent", price)

    @rule(picked=PICKED)
    def accept(self, picked: str) -> None:
        job = self.jobs[picked]
        step = partial(self.parts.moves.accepted, job.ticket, job.attempt, "r")
        bill = job.bill
        if bill.state != "accepted" and self.tried(
            job, Status.ACCEPTED, lambda: self.portal.call(step), bills=True
        ):
            bill.state = "accepted"

    @rule(picked=PICKED, cost=st.none() | PRICES, failed=st.booleans())
    def bill(self, picked: str, cost: int | None, failed: bool) -> None:  # noqa: FBT001 - drawn
        job, moves = self.jobs[picked], self.parts.moves
        receipt, bill, before = Receipt(credits=cost), job.bill, job.status

        def step() -> Ticket:
            if failed:
                return self.portal.call(
                    moves.failed_billed, job.ticket, job.attempt, receipt, TROUBLE
                )
            return self.portal.call(moves.received, job.ticket, job.attempt, receipt)[0]

        if self.tried(job, Status.FAILED if failed else Status.RECEIVED, step, bills=True):
            bill.state, bill.amount = "billed", bill.amount if cost is None else cost
            job.tries += 0 if before is Status.UNKNOWN else 1

    @rule(
        picked=PICKED,
        after=st.sampled_from([Status.PENDING, Status.FAILED, Status.UNKNOWN]),
        tries=st.integers(0, 1),
    )
    def close(self, picked: str, after: Status, tries: int) -> None:
        job = self.jobs[picked]
        closing = Closing(TROUBLE, tries)
        step = partial(self.parts.moves.closed, job.ticket, job.attempt, closing, after)
        bill = job.bill
        if self.tried(job, after, lambda: self.portal.call(step), bills=True):
            bill.state = "unknown" if after is Status.UNKNOWN else "unbilled"
            job.tries += tries

    @rule(picked=PICKED, after=st.sampled_from([Status.SUCCEEDED, Status.FAILED]))
    def finish(self, picked: str, after: Status) -> None:
        job = self.jobs[picked]
        if job.status is Status.RECEIVED:
            step = partial(self.parts.moves.finished, job.ticket, after)
            self.tried(job, after, lambda: self.portal.call(step), bills=False)

    @rule(picked=PICKED)
    def retry(self, picked: str) -> None:
        job = self.jobs[picked]
        if job.status is Status.FAILED:
            step = partial(self.parts.moves.moved, job.ticket, Status.PENDING, None)
            self.tried(job, Status.PENDING, lambda: self.portal.call(step), bills=False)

    @rule()
    def begin_anew(self) -> None:
        """Leave as a killed run does, and begin the next one."""
        self.run.__exit__(None, None, None)
        self.open()
        for job in self.jobs.values():
            orphaned = job.status is Status.SENT
            if orphaned:
                job.bill.state = "unknown"
                job.tries += 1
            registered = self.portal.call(self.parts.pending, job.ticket.job.id)
            status = Status.UNKNOWN if orphaned else job.status
            job.ticket = Ticket(registered.job, registered.fingerprint, status, job.tries)

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        tickets = self.portal.call(self.parts.sql, "SELECT id, status, attempts FROM ticket")
        assert sorted(tickets) == sorted(
            (id_, job.status, job.tries) for id_, job in self.jobs.items()
        )
        attempts = self.portal.call(self.parts.sql, "SELECT number, state FROM attempt")
        assert dict(attempts) == {
            number: bill.state for job in self.jobs.values() for number, bill in job.bills.items()
        }
        bills = [bill for job in self.jobs.values() for bill in job.bills.values()]
        spent = sum(bill.amount for bill in bills if bill.state == "billed")
        unsettled = sum(bill.amount for bill in bills if bill.state in OPEN.values())
        money = self.portal.call(self.parts.money)
        assert tuple(each or 0 for each in money) == (spent, unsettled)

    @invariant()
    def an_open_bill_stands_behind_every_ticket_that_may_cost(self) -> None:
        for job in self.jobs.values():
            if job.status in OPEN:
                assert job.bill.state == OPEN[job.status]


TestJournal = Journal.TestCase
TestJournal.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
