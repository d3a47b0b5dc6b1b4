"""Bodies taken off the wire: on disk and hashed, and whole as far as anybody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.api.client import LARGEST_RESULT
from pipeline.errors import BrokenConnectionError
from pipeline.formats import HEAD_BYTES, falls_short
from pipeline.ledger import Stored
from pipeline.model import Artifact

if TYPE_CHECKING:
    from pipeline.api.answer import Answer
    from pipeline.ledger import Purchase
    from pipeline.model import Ticket
    from pipeline.perform.desk import Desk
    from pipeline.store import Written

ANSWER = "answer"
"""The role of an answer's body until it is understood."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An answer that was stored and journaled just now, and the purchase that it came of."""

    purchase: Purchase
    answer: Stored


async def keep_answer(desk: Desk, ticket: Ticket, attempt: int, answer: Answer) -> Stored:
    """Store a received job's answer under a temporary name, and journal its hash.

    Raises BrokenConnectionError for a body that was cut.
    """
    temporary = desk.store.temporary(ticket.job.id, attempt, ANSWER)
    written = await take(desk, temporary, answer)
    artifact = Artifact(ANSWER, temporary, written.sha256, written.bytes)
    stored = Stored(artifact, temporary, placed=False)
    await desk.moves.stored(ticket, [stored])
    return stored


async def take(desk: Desk, temporary: str, answer: Answer) -> Written:
    """Stream a body to disk. Raises BrokenConnectionError for one that was cut.

    HTTP does not tell where a body ends that has no length; a GLB tells it itself.
    """
    head = await answer.head(HEAD_BYTES)
    written = await desk.store.write(temporary, answer.pieces(LARGEST_RESULT))
    if not answer.is_bounded and falls_short(head, written.bytes):
        await desk.store.remove(temporary)
        raise BrokenConnectionError(f"the connection closed after {written.bytes:,} bytes")
    return written
