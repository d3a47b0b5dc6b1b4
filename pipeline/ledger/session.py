"""Named statements, run by the writer, with the run's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pipeline.ledger.statements import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime

    from pipeline.ledger.writer import Writer


@dataclass(frozen=True, slots=True)
class Session:
    """What every part of the ledger works through during a run.

    `manifest` names the manifest within the ledger, `run` is the run's number, `now` tells the
    time. Everything returns when it is durable, and raises LedgerError where it cannot be.
    """

    write: Writer
    manifest: str
    run: int
    now: Callable[[], datetime]

    def bound(self, **more: Any) -> dict[str, Any]:
        """Give the parameters that most statements share, and more."""
        return {"manifest": self.manifest, "run": self.run, "now": timestamp(self.now()), **more}

    async def execute(self, statement: str, **more: Any) -> None:
        """Run one statement."""
        bound = self.bound(**more)

        def work(db: sqlite3.Connection) -> None:
            db.execute(SQL[statement], bound)

        await self.write(work)

    def look(self, statement: str, **more: Any) -> list[sqlite3.Row]:
        """Run one query of a few rows at once, in the caller's thread."""
        return self.write.look(SQL[statement], {"manifest": self.manifest, **more})

    async def rows(self, statement: str, **more: Any) -> list[sqlite3.Row]:
        """Run one query."""
        bound = self.bound(**more)

        def work(db: sqlite3.Connection) -> list[sqlite3.Row]:
            return db.execute(SQL[statement], bound).fetchall()

        return await self.write(work)


def timestamp(moment: datetime) -> str:
    """Write a time as the ledger holds it: ISO-8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
