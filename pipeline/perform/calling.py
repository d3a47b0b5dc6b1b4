"""One POST, from the journaled intent to the journaled end of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pipeline.admission import Ends
from pipeline.api.classify import Meaning, Means
from pipeline.api.dates import reset_delay
from pipeline.api.wire import receipt as receipt_of
from pipeline.errors import (
    AnswerTooLargeError,
    ApiError,
    BrokenConnectionError,
    LedgerError,
    NoAnswerError,
    NoConnectionError,
)
from pipeline.governors import Verdict
from pipeline.ledger import Closing
from pipeline.model import Error, Event, Receipt, Status, Stop, StopKind, Ticket
from pipeline.perform.answering import Brought, keep_answer
from pipeline.perform.sharing import share_with_twins

if TYPE_CHECKING:
    from pipeline.admission import Lease
    from pipeline.api.answer import Answer
    from pipeline.api.upload import Upload
    from pipeline.perform.desk import Desk

_ENDS = {
    Means.RECEIVED: Ends.SUCCEEDED,
    Means.FAILED: Ends.SUCCEEDED,
    Means.FAILED_BILLED: Ends.SUCCEEDED,
    Means.ACCEPTED: Ends.FOLLOWED,
    Means.AGAIN: Ends.FAILED,
    Means.LIMITED: Ends.REFUSED,
    Means.LOST: Ends.LOST,
}
_NO_SERVICE = frozenset({Means.AGAIN, Means.LOST, Means.LIMITED})


class Call:
    """A call under way. `brought` is its answer, once that is stored."""

    def __init__(self, desk: Desk, ticket: Ticket, attempt: int, lease: Lease) -> None:
        self._desk = desk
        self._ticket = ticket
        self._attempt = attempt
        self._lease = lease
        self.brought: Brought | None = None

    async def make(self, body: Upload) -> tuple[Ticket, Means]:
        """Send, and do what the answer means."""
        means, ends, begun = Means.LOST, Ends.LOST, None
        try:
            async with self._desk.client.submit(body) as answer:
                begun = answer
                meaning = await self._desk.client.understand(answer)
                means, ends = meaning.means, _ENDS.get(meaning.means, Ends.UNSENT)
                await self._act(meaning, answer)
        except NoConnectionError as error:
            means, ends = Means.AGAIN, Ends.FAILED
            await self._again(Error(error.kind, f"no connection was made: {error}"), None)
        except (BrokenConnectionError, AnswerTooLargeError) as error:
            if self._ticket.status is Status.SENT:
                ends = Ends.LOST if isinstance(error, NoAnswerError) else Ends.FAILED
                lost = Error(error.kind, f"the answer was lost: {error}")
                await self._lost(_closing(lost, begun))
        if means not in _NO_SERVICE and self._desk.admission.outage.passed(
            self._ticket.claim, self._lease
        ):
            self._desk.emit(Event("note", "the service is back"))
        convicted = self._desk.admission.resolved(
            self._lease, ends, passed=means in {Means.RECEIVED, Means.ACCEPTED}
        )
        if convicted is not None:
            with self._desk.admission.judging():  # this call's own result waits meanwhile
                await convict(self._desk, convicted)
        return self._ticket, means

    async def _act(self, meaning: Meaning, answer: Answer) -> None:
        error = Error(meaning.kind, meaning.message)
        remaining = meaning.receipt.remaining
        self._desk.admission.balance.seen(remaining)
        closing = Closing(error, http_status=answer.status, remaining=remaining)
        match meaning.means:
            case Means.RECEIVED:
                await self._received(meaning.receipt, answer)
            case Means.ACCEPTED:
                await self._accepted(meaning.request_id or "")
            case Means.AGAIN:
                await self._again(error, answer.status)
            case Means.FAILED:
                await self._failed(error, answer.status)
            case Means.FAILED_BILLED:
                await self._failed_billed(meaning.receipt, error)
            case Means.GIVE_UP:
                await self._close(replace(closing, tries=1), Status.FAILED)
            case Means.LIMITED:
                await self._limited(closing, answer)
            case Means.NO_CREDITS | Means.REFUSED:
                await self._refused(closing, meaning.means)
            case Means.UNREADABLE:
                await self._unreadable(closing)
            case _:
                await self._lost(closing)

    async def _received(self, receipt: Receipt, answer: Answer) -> None:
        """Journal the bill, then take the body."""
        desk, before = self._desk, self._ticket
        try:
            received = await desk.moves.received(before, self._attempt, receipt)
        except LedgerError as error:
            message = (
                f"{error}; job {before.job.id} was billed meanwhile: its request id is "
                f"{receipt.request_id}"
            )
            desk.emit(Event("note", message, job=before.job.id))
            raise LedgerError(message) from error
        self._ticket, purchase = received
        if receipt.credits is None:
            desk.admission.guessed(self._attempt)
        credits = receipt.bill(self._lease.price)
        desk.admission.settle(self._lease, credits)
        # not before the bill is counted: another call would go at a price that is known to be old
        answer.when_whole(partial(desk.admission.arrived, self._lease))
        desk.admission.hold.passed()
        desk.tell(before, self._ticket, credits=credits)
        stored = await keep_answer(desk, self._ticket, self._attempt, answer)
        self.brought = Brought(purchase, stored)

    async def _accepted(self, request_id: str) -> None:
        before = self._ticket
        self._ticket = await self._desk.moves.accepted(before, self._attempt, request_id)
        self._desk.admission.keep(self._lease, self._attempt, followed=True)
        self._desk.admission.hold.passed()
        self._desk.tell(before, self._ticket)

    async def _again(self, error: Error, http_status: int | None) -> None:
        """Use a try, unless an outage is known."""
        if self._desk.admission.outage.is_on:
            await self._close(Closing(error, http_status=http_status), Status.PENDING)
            await self._troubled(tries=0)
        else:
            await self._failed(error, http_status)
            await self._troubled(tries=1)

    async def _failed(self, error: Error, http_status: int | None) -> None:
        """Use a try; give up after the last."""
        desk, limit = self._desk, self._desk.policy.attempts
        last = await desk.lookup.tries(self._ticket) + 1 >= limit
        if last:
            said = f"{error.message} (after {limit} tries; `catalog3d retry` puts the job back)"
            error = Error(error.kind, said)
        closing = Closing(error, tries=1, http_status=http_status)
        await self._close(closing, Status.FAILED if last else Status.PENDING)

    async def _troubled(self, tries: int) -> None:
        """Tell of a failure of the service; give back the tries that only revealed an outage.

        Told once the try is journaled: what is given back must have been taken.
        """
        desk, claim = self._desk, self._ticket.claim
        was_on = desk.admission.outage.is_on
        if not tries and not was_on:
            return  # it ended while this was being journaled, and no try was taken
        revealed = desk.admission.troubled(self._lease, claim)
        if desk.admission.outage.is_on and not was_on:
            message = (
                "the service seems to be down: one call at a time is tried, no job's try is used, "
                "for as long as limits.give_up_after"
            )
            desk.emit(Event("note", message))
        elif was_on and tries:
            revealed = (claim,)  # it became known while this try was being journaled
        back = await desk.moves.given_back(revealed) if revealed else []
        for id_ in back:
            desk.emit(Event("job", job=id_, status=Status.PENDING, previous=Status.FAILED))
        if claim in revealed and self._ticket.status is Status.FAILED:
            self._ticket = replace(self._ticket, status=Status.PENDING)

    async def _failed_billed(self, receipt: Receipt, error: Error) -> None:
        desk, before = self._desk, self._ticket
        self._ticket = await desk.moves.failed_billed(before, self._attempt, receipt, error)
        credits = receipt.bill(self._lease.price)
        desk.admission.settle(self._lease, credits)
        desk.tell(before, self._ticket, error=error, credits=credits)

    async def _limited(self, closing: Closing, answer: Answer) -> None:
        desk = self._desk
        seconds = desk.admission.limited(self._lease, reset_delay(answer.headers, desk.now()))
        await self._close(closing, Status.PENDING)
        if desk.admission.stop is None:
            desk.emit(Event("hold", closing.error.message, seconds=seconds))

    async def _refused(self, closing: Closing, means: Means) -> None:
        if means is Means.NO_CREDITS:
            said = f"out of credits: {closing.error.message}"
            await self._stop(closing, StopKind.CREDITS, said)
        else:
            await self._stop(closing, StopKind.REFUSED, closing.error.message)

    async def _stop(self, closing: Closing, kind: StopKind, message: str) -> None:
        """End admission first, so that nothing follows while this is being journaled."""
        self._desk.stop(Stop(kind, message))
        await self._close(closing, Status.PENDING)

    async def _unreadable(self, closing: Closing) -> None:
        """Ask the account; only if it can pay, ask another job."""
        desk = self._desk
        try:
            balance = await desk.client.balance()
        except ApiError:
            balance = None
        desk.admission.balance.asked(balance)
        if balance is None or balance < self._lease.price:
            said = f"taken for want of credits: {closing.error.message}"
            await self._stop(closing, StopKind.CREDITS, said)
        elif desk.admission.doubt.unreadable(replace(self._ticket, status=Status.PENDING)) is (
            Verdict.STOP
        ):
            said = f"two jobs in a row were refused: {closing.error.message}"
            await self._stop(closing, StopKind.CREDITS, said)
        else:
            await self._close(closing, Status.PENDING)

    async def _lost(self, closing: Closing) -> None:
        said = f"{closing.error.message}; it may have been billed, and is not sent again by itself"
        lost = replace(closing, error=Error(closing.error.kind, said), tries=1)
        before = self._ticket
        self._ticket = await self._desk.moves.closed(before, self._attempt, lost, Status.UNKNOWN)
        self._desk.admission.keep(self._lease, self._attempt)
        self._desk.tell(before, self._ticket, error=lost.error)
        await self._troubled(tries=1)

    async def _close(self, closing: Closing, status: Status) -> None:
        """End an attempt that was certainly not billed."""
        desk, before = self._desk, self._ticket
        self._ticket = await desk.moves.closed(before, self._attempt, closing, status)
        desk.admission.settle(self._lease, 0)
        desk.tell(before, self._ticket, error=closing.error)


async def convict(desk: Desk, ticket: Ticket) -> None:
    """Fail a job whose 406 nobody could read, once it is known not to be the account's."""
    message = (
        "the API refused this job with a 406 whose reason could not be read, and the account is "
        "not the reason: look at the job's fields and its picture"
    )
    if await desk.lookup.status(ticket) is Status.PENDING:
        await desk.move(ticket, Status.FAILED, Error("rejected", message))
        await share_with_twins(desk, ticket)


def _closing(error: Error, begun: Answer | None) -> Closing:
    """Keep what an answer's head told, if its body never came: the id finds the request.

    Only a success names it: what a gateway calls its own answer is no request of the provider's.
    """
    if begun is None:
        return Closing(error)
    receipt = receipt_of(begun.headers, {}, named=begun.status == 200)
    return Closing(
        error,
        http_status=begun.status,
        remaining=receipt.remaining,
        request_id=receipt.request_id,
    )
