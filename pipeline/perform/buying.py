"""The paid call: admitted, prepared, journaled, sent once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipeline.admission import Ends
from pipeline.api.classify import Means
from pipeline.errors import IllegalMoveError, InputError
from pipeline.model import Error, Status, Ticket
from pipeline.perform.calling import Call
from pipeline.perform.preparing import CHANGED, prepared

if TYPE_CHECKING:
    from pipeline.api.upload import Upload
    from pipeline.perform.answering import Brought
    from pipeline.perform.desk import Desk


class Bought(NamedTuple):
    """Where a job stands after a paid call, and whether another try may help.

    `brought` is the answer, where one was stored.
    """

    ticket: Ticket
    again: bool = False
    brought: Brought | None = None


async def buy(desk: Desk, ticket: Ticket) -> Bought:
    """Take a job from pending as far as one paid call leads.

    Uses up to one try; waiting for a rate limit or an outage uses none. The job stays pending, no
    try used, where the ledger says that nothing may be sent. Raises Ended with admission.
    """
    while True:
        lease = await desk.admission.enter()
        body, sent = None, None
        try:
            body, sending = await prepared(desk, ticket)
            priced = replace(sending, reserved=lease.price)
            sent = None if _suspected(desk, ticket) else await desk.moves.sent(ticket, priced)
        except InputError as error:
            status = Status.PENDING if error.kind == CHANGED else Status.INVALID
            with suppress(IllegalMoveError):  # a twin of it has shared meanwhile
                ticket = await desk.move(ticket, status, Error(error.kind, error.message))
        finally:
            if sent is None:
                desk.admission.settle(lease, 0)
                desk.admission.resolved(lease, Ends.UNSENT, passed=False)
                _close(body)
        if sent is None or body is None:
            return Bought(ticket)
        desk.tell(ticket, sent[0])
        call = Call(desk, *sent, lease)
        try:
            ticket, means = await call.make(body)
        finally:
            _close(body)
        waits = means is Means.AGAIN and desk.admission.outage.is_on
        if means is not Means.LIMITED and not waits:
            again = ticket.status is Status.PENDING and means in {Means.AGAIN, Means.FAILED}
            return Bought(ticket, again, call.brought)


def _suspected(desk: Desk, ticket: Ticket) -> bool:
    """Tell whether the same as this is under suspicion: it would be no probe of the account."""
    suspect = desk.admission.doubt.suspect
    return suspect is not None and suspect.fingerprint == ticket.fingerprint


def _close(body: Upload | None) -> None:
    if body is not None:
        body.close()
