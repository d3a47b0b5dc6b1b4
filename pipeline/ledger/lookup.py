"""What a worker asks the ledger about one ticket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.ledger.rows import (
    Purchase,
    Stored,
    Unknown,
    asked_of,
    purchase_of,
    stored_of,
    ticket_of,
    unknown_of,
)
from pipeline.model import Error, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.ledger.session import Session
    from pipeline.reconcile import Asked


@dataclass(frozen=True, slots=True)
class Buyer:
    """The job that bought, or is buying, a fingerprint that another one asks for too."""

    id: str
    status: Status
    error: Error | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ticket stands in the ledger.

    `older` is the state of an older version of the job that money may stand behind; `buyer` the
    other job that bought, or is buying, the same fingerprint.
    """

    status: Status
    older: Status | None
    buyer: Buyer | None


class Lookup:
    """Questions about tickets.

    What is awaited sees every move that was asked for before it. The rest is answered at once,
    without the writer, some 20 µs each, and sees every move that was said to be made: that will do
    for what nobody else moves, and where whoever acts on the answer makes sure of it by a move.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def status(self, ticket: Ticket) -> Status:
        """Give the state that a ticket is in now."""
        rows = await self._session.rows("ticket_status", **_key(ticket))
        return Status(rows[0]["status"])

    async def tries(self, ticket: Ticket) -> int:
        """Give the tries that a ticket has used by now."""
        return int((await self._session.rows("tries", **_key(ticket)))[0]["attempts"])

    async def standing(self, ticket: Ticket) -> Standing:
        """Give where a ticket stands, and what stands in its way."""
        row = (await self._session.rows("standing", **_key(ticket)))[0]
        error = Error(row["error_kind"], row["error_message"]) if row["error_kind"] else None
        return Standing(
            Status(row["status"]),
            None if row["older"] is None else Status(row["older"]),
            None
            if row["buyer"] is None
            else Buyer(row["buyer"], Status(row["buyer_status"]), error),
        )

    def is_clear(self, ticket: Ticket) -> bool:
        """Tell whether nothing seems to stand in the way of buying; `Moves.sent` makes sure."""
        return bool(self._session.look("is_clear", **_key(ticket))[0]["is_clear"])

    def twins(self, ticket: Ticket) -> list[Ticket]:
        """Give the jobs that wait for this one's outcome."""
        return [ticket_of(row) for row in self._session.look("twins", **_key(ticket))]

    def purchase(self, ticket: Ticket) -> Purchase | None:
        """Give the attempt in a ticket's hands."""
        rows = self._session.look("purchase", **_key(ticket))
        return purchase_of(rows[0]) if rows else None

    def files(self, job: str, fingerprint: str) -> list[Stored]:
        """Give what a ticket owns on disk, the result first."""
        rows = self._session.look("files_of", id=job, fingerprint=fingerprint)
        return [stored_of(row) for row in rows]

    async def unknown(self) -> list[Unknown]:
        """Give the attempts of the whole ledger whose bill nobody knows, oldest first."""
        return [unknown_of(row) for row in await self._session.rows("unknown_attempts")]

    async def settled_alike(self, parameters: Iterable[str]) -> list[Asked]:
        """Give settled attempts of these parameters: a row of the history may be of them too."""
        bound = json.dumps(sorted(set(parameters)))
        rows = await self._session.rows("settled_alike", parameters=bound)
        return [asked_of(row) for row in rows]

    async def owners_of(self, requests: Iterable[str]) -> list[Asked]:
        """Give the attempts that own requests of the history."""
        rows = await self._session.rows("owners_of_requests", requests=json.dumps(list(requests)))
        return [asked_of(row) for row in rows]

    def owner_of(self, path: str) -> tuple[str, str] | None:
        """Tell whose a path below the output folder is: (id, fingerprint)."""
        rows = self._session.look("file_at", path=path)
        return (rows[0]["id"], rows[0]["fingerprint"]) if rows else None


def _key(ticket: Ticket) -> dict[str, Any]:
    return {"id": ticket.job.id, "fingerprint": ticket.fingerprint}
