"""What the owner of unknown jobs may say of them, where nobody else can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.ledger.rows import billed_columns, error_columns
from pipeline.ledger.statements import SQL
from pipeline.model import Error, Receipt

if TYPE_CHECKING:
    import sqlite3

    from pipeline.ledger.rows import Unknown
    from pipeline.ledger.session import Session


async def write_off(session: Session, unknown: Unknown) -> None:
    """Count an unknown attempt as paid; its job, with its twins, as failed, if it waits for it."""
    error = Error("written_off", "written off: it counts as paid, and brought nothing")
    bound = session.bound(fingerprint=_fingerprint(unknown), **error_columns(error))
    billed = bound | billed_columns(unknown.asked.number, Receipt(), ())

    def work(db: sqlite3.Connection) -> None:
        db.execute(SQL["attempt_billed"], billed).fetchone()  # it ends with its last row
        db.execute(SQL["write_off"], bound)

    await session.write(work)


async def resend(session: Session, unknown: Unknown) -> None:
    """Put an unknown job back, its twins with it; the attempt's bill stays open."""
    if (fingerprint := _fingerprint(unknown)) is not None:
        await session.execute("resend", fingerprint=fingerprint)


def _fingerprint(unknown: Unknown) -> str | None:
    return None if unknown.ticket is None else unknown.ticket.fingerprint
