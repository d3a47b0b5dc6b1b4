"""A ledger to try things on: opened as a run opens it, with a clock that stands still."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.ledger import (
    Closing,
    Lookup,
    Moves,
    Posting,
    Roster,
    Sending,
    Session,
    begin,
    writing,
)
from pipeline.model import Error, Job, Receipt, Status, Ticket

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
PRICE = 65_000
SENDING = Sending("v1", "b" * 64, PRICE)
TROUBLE = Error("server_error", "HTTP 500")


@dataclass(frozen=True, slots=True)
class Parts:
    session: Session
    roster: Roster
    moves: Moves
    lookup: Lookup
    orphans: int

    async def sql(self, statement: str, **bound: Any) -> list[tuple[Any, ...]]:
        def work(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in db.execute(statement, bound)]

        return await self.session.write(work)

    async def pending(self, id_: str, fingerprint: str = "") -> Ticket:
        """Register one job, and give its ticket."""
        print_ = fingerprint or f"print-{id_}"
        await self.roster.register([posting(id_, print_)])
        return Ticket(posting(id_, print_).job, print_, Status.PENDING)

    async def sent(self, ticket: Ticket) -> tuple[Ticket, int]:
        sent = await self.moves.sent(ticket, SENDING)
        assert sent is not None
        return sent

    async def brought(self, ticket: Ticket, status: Status) -> tuple[Ticket, int]:
        """Bring a pending ticket to a state, by the way that a run takes; give its attempt."""
        ticket, number = await self.sent(ticket)
        match status:
            case Status.SENT:
                pass
            case Status.ACCEPTED:
                ticket = await self.moves.accepted(ticket, number, "request-1")
            case Status.RECEIVED | Status.SUCCEEDED:
                ticket, _ = await self.moves.received(ticket, number, Receipt(credits=PRICE))
                if status is Status.SUCCEEDED:
                    ticket = await self.moves.finished(ticket, status)
            case Status.PENDING | Status.FAILED | Status.UNKNOWN:
                ticket = await self.moves.closed(ticket, number, Closing(TROUBLE, tries=1), status)
            case Status.INVALID:
                raise AssertionError("an invalid job is never sent")
        return ticket, number

    async def status(self, ticket: Ticket) -> Status:
        return await self.lookup.status(ticket)

    async def money(self) -> tuple[int, int]:
        """Give what was spent and what is unsettled."""
        return (
            await self.sql(
                "SELECT SUM(credits), SUM(CASE WHEN state IN ('sent', 'accepted', 'unknown')"
                " THEN reserved ELSE 0 END) FROM attempt"
            )
        )[0]


def posting(
    id_: str,
    fingerprint: str = "",
    *,
    declared: str = "",
    position: int = 0,
    priority: int = 0,
    seed: int = 42,
    invalid: Error | None = None,
) -> Posting:
    job = Job(id=id_, image=f"{id_}.jpg", priority=priority, seed=seed)
    if invalid is not None:
        return Posting(job, position, "", "", invalid)
    print_ = fingerprint or f"print-{id_}"
    return Posting(job, position, print_, declared or print_)


@asynccontextmanager
async def opened(
    path: Path, manifest: str = "shop.yaml", provider: str = "segmind"
) -> AsyncIterator[Parts]:
    """Begin a run on a ledger; leaving it is the end of its process."""
    async with writing(path) as write:
        session, orphans = await begin(
            write, manifest=manifest, provider=provider, budget=None, now=lambda: NOW
        )
        yield Parts(session, Roster(session), Moves(session), Lookup(session), orphans)
