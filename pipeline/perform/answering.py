"""Bodies taken off the wire: on disk and hashed, and whole as far as anybody can tell."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.api.client import LARGEST_RESULT
from pipeline.errors import BrokenConnectionError
from pipeline.formats import HEAD_BYTES, MODELS, falls_short, sniff
from pipeline.ledger import Stored
from pipeline.model import Artifact
from pipeline.perform.looking import Look, look

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.api.answer import Answer
    from pipeline.ledger import Purchase
    from pipeline.model import Ticket
    from pipeline.perform.desk import Desk
    from pipeline.store import Written

ANSWER = "answer"
"""The role of an answer's body until it is understood."""


_QUICKLY_READ = 16 << 20  # bytes of a model: some milliseconds


@dataclass(frozen=True, slots=True)
class Brought:
    """An answer that was stored just now, the purchase that it came of, and a look at it.

    One that was looked at is not journaled yet.
    """

    purchase: Purchase
    answer: Stored
    look: Look | None = None


async def bring(desk: Desk, ticket: Ticket, purchase: Purchase, answer: Answer) -> Brought:
    """Store a received job's answer, to be placed at once.

    A model is looked at as soon as it is durable, and is journaled with the name that it is to
    get, by whoever places it: a step and a hop less. Raises BrokenConnectionError for a body that
    was cut.
    """
    stem, looks = desk.store.stem(ticket.job.id), list[Look]()
    temporary = desk.store.temporary(ticket.job.id, purchase.number, ANSWER)

    def look_at(written: Written) -> None:
        if written.bytes <= _QUICKLY_READ:
            # what goes wrong is met again by whoever places the file, once it is journaled
            with suppress(Exception):
                looks.append(look(desk.store, stem, _stored("result", temporary, written)))

    is_model = sniff(await answer.head(HEAD_BYTES)) in MODELS
    written = await take(desk, temporary, answer, look_at if is_model else None)
    stored = _stored(ANSWER, temporary, written)
    if looks:
        return Brought(purchase, stored, looks[0])
    await desk.moves.stored(ticket, [stored])
    return Brought(purchase, stored)


async def keep_answer(desk: Desk, ticket: Ticket, attempt: int, answer: Answer) -> Stored:
    """Store a received job's answer under a temporary name, and journal its hash.

    Raises BrokenConnectionError for a body that was cut.
    """
    temporary = desk.store.temporary(ticket.job.id, attempt, ANSWER)
    stored = _stored(ANSWER, temporary, await take(desk, temporary, answer))
    await desk.moves.stored(ticket, [stored])
    return stored


async def take(
    desk: Desk, temporary: str, answer: Answer, then: Callable[[Written], None] | None = None
) -> Written:
    """Stream a body to disk. Raises BrokenConnectionError for one that was cut.

    HTTP does not tell where a body ends that has no length; a GLB tells it itself.
    """
    head = await answer.head(HEAD_BYTES)
    written = await desk.store.write(temporary, answer.pieces(LARGEST_RESULT), then)
    if not answer.is_bounded and falls_short(head, written.bytes):
        await desk.store.remove(temporary)
        raise BrokenConnectionError(f"the connection closed after {written.bytes:,} bytes")
    return written


def _stored(role: str, temporary: str, written: Written) -> Stored:
    artifact = Artifact(role, temporary, written.sha256, written.bytes)
    return Stored(artifact, temporary, placed=False)
