"""A billed answer's body: on disk, and its hash in the journal, before anybody reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.ledger import Stored
from pipeline.model import Artifact

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from pipeline.model import Ticket
    from pipeline.perform.desk import Desk

ANSWER = "answer"
"""The role of an answer's body until it is understood."""


async def keep_answer(
    desk: Desk, ticket: Ticket, attempt: int, pieces: AsyncIterable[bytes]
) -> None:
    """Store a received job's answer under a temporary name, and journal its hash."""
    temporary = desk.store.temporary(ticket.job.id, attempt, ANSWER)
    written = await desk.store.write(temporary, pieces)
    artifact = Artifact(ANSWER, temporary, written.sha256, written.bytes)
    await desk.moves.stored(ticket, [Stored(artifact, temporary, placed=False)])
