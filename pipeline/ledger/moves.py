"""The journal: one durable step of one job at a time, each returning the job as it now stands."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from pipeline.errors import IllegalMoveError, NameTakenError
from pipeline.ledger.rows import (
    Purchase,
    Stored,
    billed_columns,
    error_columns,
    purchase_of,
)
from pipeline.ledger.statements import SQL
from pipeline.model import TRANSITIONS, Artifact, Claim, Error, Link, Receipt, Status, Ticket

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from pipeline.ledger.session import Session


@dataclass(frozen=True, slots=True)
class Sending:
    """What is journaled before a POST: v1 or v2, the hash of the body's bytes, the price held.

    `parameters`, canonical, and the pictures' hashes tell the request apart in the history.
    `scaled` is the size of a picture that was made smaller, as JSON.
    """

    protocol: str
    body_sha256: str
    reserved: int
    parameters: str | None = None
    image_sha256: str | None = None
    mask_sha256: str | None = None
    scaled: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """How an attempt ended that brought nothing. `tries` is how many tries that used."""

    error: Error
    tries: int = 0
    http_status: int | None = None
    remaining: int | None = None
    request_id: str | None = None


class Moves:
    """Legal moves of tickets, in the order that the money rules ask for.

    Every method returns when its step is on disk. A ticket that does not stand where it was
    thought to, or a step that the state table lacks, raises IllegalMoveError and changes nothing.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def sent(self, ticket: Ticket, sending: Sending) -> tuple[Ticket, int] | None:
        """`pending → sent`, by compare-and-swap: the intent, before any byte leaves.

        Returns the ticket and the attempt's number; None where nothing may be sent: the ticket
        is pending no longer, another of the same fingerprint is bought or being bought, or money
        may stand behind an older version of the job.
        """
        bound = self._move(ticket, Status.SENT) | _columns(sending)

        def work(db: sqlite3.Connection) -> int | None:
            stands = db.execute(SQL["standing"], bound).fetchone()
            if stands is None or stands["status"] != ticket.status:
                return None
            if stands["buyer"] is not None or stands["older"] is not None:
                return None
            number = db.execute(SQL["attempt_sent"], bound).lastrowid
            _one(db, "move_sent", bound | {"attempt": number})
            return number

        number = await self._session.write(work)
        return None if number is None else (replace(ticket, status=Status.SENT), number)

    async def accepted(self, ticket: Ticket, attempt: int, request_id: str) -> Ticket:
        """`sent → accepted`: the request id, before the first poll."""
        accepted = {"number": attempt, "request_id": request_id}
        step = await self._step(ticket, Status.ACCEPTED, None, ("attempt_accepted", accepted))
        return step[0]

    async def received(
        self, ticket: Ticket, attempt: int, receipt: Receipt, links: Iterable[Link] = ()
    ) -> tuple[Ticket, Purchase]:
        """`→ received`: the bill, before the files; gives the purchase as it stands now."""
        billed = ("attempt_billed", billed_columns(attempt, receipt, links))
        return await self._step(ticket, Status.RECEIVED, None, billed, _tries(ticket))

    async def failed_billed(
        self, ticket: Ticket, attempt: int, receipt: Receipt, error: Error
    ) -> Ticket:
        """`→ failed`, and billed: the service says that it ran, failed, and cost."""
        billed = ("attempt_billed", billed_columns(attempt, receipt, ()))
        step = await self._step(ticket, Status.FAILED, error, billed, _tries(ticket))
        return step[0]

    async def closed(
        self, ticket: Ticket, attempt: int, closing: Closing, status: Status
    ) -> Ticket:
        """End an attempt that brought nothing: `→ pending`, `failed` or `unknown`."""
        error = closing.error
        closed = {
            "number": attempt,
            "state": "unknown" if status is Status.UNKNOWN else "unbilled",
            "http_status": closing.http_status,
            "request_id": closing.request_id,
            "remaining": closing.remaining,
        }
        step = await self._step(ticket, status, error, ("attempt_closed", closed), closing.tries)
        return step[0]

    async def settled(self, attempt: int, receipt: Receipt | None) -> None:
        """Settle an attempt that no ticket waits for any more; None: it was not billed."""
        closed = {
            "number": attempt,
            "state": "unbilled",
            "request_id": None,
            "http_status": None,
            "remaining": None,
            **error_columns(None),
        }
        billed = None if receipt is None else billed_columns(attempt, receipt, ())
        bound = self._session.bound(**(billed or closed))
        statement = "attempt_closed" if billed is None else "attempt_billed"

        def work(db: sqlite3.Connection) -> None:
            _attempt(db, statement, bound)

        await self._session.write(work)

    async def reclaimed(self, ticket: Ticket, attempt: int) -> Ticket:
        """`pending → unknown`: a resent job, not sent yet, waits for its first attempt again."""
        bound = self._key(ticket) | {"attempt": attempt}

        def work(db: sqlite3.Connection) -> None:
            _one(db, "reclaim", bound | {"previous": ticket.status, "status": Status.UNKNOWN})

        await self._session.write(work)
        return replace(ticket, status=Status.UNKNOWN)

    async def given_back(self, claims: Sequence[Claim]) -> list[str]:
        """Give tries back that only revealed an outage; give the ids that failed by them.

        Those are pending again.
        """
        keys = [self._session.bound(id=id_, fingerprint=print_) for id_, print_ in claims]

        def work(db: sqlite3.Connection) -> list[str]:
            back = list[str]()
            for key in keys:
                failed = db.execute(SQL["failed_with"], key).fetchall()
                db.execute(SQL["give_back"], key)
                still = set(db.execute(SQL["failed_with"], key))
                back += [row["id"] for row in failed if row not in still]
            return back

        return await self._session.write(work)

    async def found(self, attempt: int, receipt: Receipt, links: Iterable[Link]) -> None:
        """Note what the body of a billed answer said beside its headers."""
        await self._session.execute("attempt_found", **billed_columns(attempt, receipt, links))

    async def stored(self, ticket: Ticket, files: Sequence[Stored]) -> None:
        """Note hashes, sizes and temporary names, before the renames."""
        bound = self._key(ticket)

        def work(db: sqlite3.Connection) -> None:
            _put(db, bound, files)

        await self._session.write(work)

    async def finished(
        self,
        ticket: Ticket,
        status: Status,
        *,
        error: Error | None = None,
        twin_of: str | None = None,
    ) -> Ticket:
        """`→ succeeded`, or `→ failed` with bad files kept; all stand under their names now."""
        move = self._move(ticket, status, error=error, may_stay=True) | {"twin_of": twin_of}

        def work(db: sqlite3.Connection) -> None:
            _one(db, "move_twin", move)
            db.execute(SQL["files_placed"], move)

        await self._session.write(work)
        return replace(ticket, status=status, twin_of=twin_of)

    async def moved(
        self, ticket: Ticket, status: Status, error: Error | None, *, twin_of: str | None = None
    ) -> Ticket:
        """Move a ticket that has no attempt under way; or say why it stays where it is."""
        move = self._move(ticket, status, error=error, may_stay=True) | {"twin_of": twin_of}

        def work(db: sqlite3.Connection) -> None:
            _one(db, "move_twin", move)

        await self._session.write(work)
        return replace(ticket, status=status, twin_of=twin_of)

    async def followed(
        self, ticket: Ticket, status: Status, error: Error, *, twin_of: str
    ) -> Ticket:
        """Let a twin share the state of the job that bought for it, as long as that stands so.

        It stays where it is if the other has moved on: a try that only revealed an outage may just
        have been given back.
        """
        move = self._move(ticket, status, error=error, may_stay=True) | {"twin_of": twin_of}
        buyer = {"id": twin_of, "fingerprint": ticket.fingerprint}

        def work(db: sqlite3.Connection) -> bool:
            if db.execute(SQL["ticket_status"], buyer).fetchone()["status"] != status:
                return False
            _one(db, "move_twin", move)
            return True

        if not await self._session.write(work):
            return ticket
        return replace(ticket, status=status, twin_of=twin_of)

    async def renamed(self, old: str, new: str) -> None:
        """Note that a superseded file goes by another name from now on."""
        await self._session.execute("file_rename", old=old, new=new)

    def _key(self, ticket: Ticket) -> dict[str, Any]:
        return self._session.bound(id=ticket.job.id, fingerprint=ticket.fingerprint)

    def _move(
        self,
        ticket: Ticket,
        status: Status,
        *,
        error: Error | None = None,
        may_stay: bool = False,
    ) -> dict[str, Any]:
        stays = may_stay and status is ticket.status
        if not stays and status not in TRANSITIONS[ticket.status]:
            raise IllegalMoveError(
                f"job {ticket.job.id}: {ticket.status} → {status} is no legal move"
            )
        return self._key(ticket) | {
            "previous": ticket.status,
            "status": status,
            **error_columns(error),
        }

    async def _step(
        self,
        ticket: Ticket,
        status: Status,
        error: Error | None,
        also: tuple[str, dict[str, Any]],
        tries: int = 0,
    ) -> tuple[Ticket, Purchase]:
        move = self._move(ticket, status, error=error) | {"tries": tries}
        statement, bound = also

        def work(db: sqlite3.Connection) -> Purchase:
            _one(db, "move", move)
            return _attempt(db, statement, move | bound)

        purchase = await self._session.write(work)
        return replace(ticket, status=status, attempts=ticket.attempts + tries), purchase


def _columns(row: Sending | Artifact) -> dict[str, Any]:
    """Give a flat value's fields as they are: `asdict` would copy each at any depth."""
    return {each.name: getattr(row, each.name) for each in fields(row)}


def _tries(ticket: Ticket) -> int:
    """Give the tries that a bill uses: an unknown job has used its try already."""
    return 0 if ticket.status is Status.UNKNOWN and ticket.attempts else 1


def _one(db: sqlite3.Connection, statement: str, move: dict[str, Any]) -> None:
    """Move the one ticket that a step is about."""
    if db.execute(SQL[statement], move).rowcount != 1:
        raise IllegalMoveError(
            f"job {move['id']}: thought {move['previous']}, but the ledger says otherwise; "
            f"it was not made {move['status']}"
        )


def _attempt(db: sqlite3.Connection, statement: str, bound: dict[str, Any]) -> Purchase:
    """Change the one attempt that a step is about; what is settled is settled for good."""
    row = db.execute(SQL[statement], bound).fetchone()
    if row is None:
        whose = f"job {bound['id']}: " if "id" in bound else ""
        raise IllegalMoveError(f"{whose}attempt {bound['number']} is settled already; run again")
    return purchase_of(row)


def _put(db: sqlite3.Connection, key: dict[str, Any], files: Sequence[Stored]) -> None:
    db.execute(SQL["files_clear"], key)
    for entry in files:
        row = {"temporary": entry.temporary, "placed": entry.placed, **_columns(entry.artifact)}
        if db.execute(SQL["file_put"], key | row).rowcount != 1:
            raise NameTakenError(
                f"job {key['id']}: {entry.artifact.path} is another job's file, and is left to it; "
                "run again"
            )
