"""Everything that performing a job consults; it owns none of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from pipeline.model import Error, Event, Status, Stop, Ticket
from pipeline.perform.pace import PollPace
from pipeline.perform.room import Room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from pipeline.admission import Admission
    from pipeline.api.client import Client
    from pipeline.ledger import Lookup, Moves
    from pipeline.store import Store
    from pipeline.threads import Hop


@dataclass(frozen=True, slots=True)
class Policy:
    """What the manifest says about tries, times and pictures. Seconds, pixels.

    `settle` is what the provider's history is given before absence means anything; `max_side` the
    most that a picture's longer side has when it is sent, None for any.
    """

    attempts: int
    timeout: float
    settle: float = 900.0
    max_side: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """A worker's desk. `inputs` is the folder that pictures' paths start from.

    `now` tells the time of day, `clock` is monotonic, `sleep` waits, `emit` tells who listens,
    `random` gives numbers from 0 to 1. Pictures are made ready in threads of their own, by
    `pictures`, as many at once as there are cores: each may be large.
    """

    client: Client
    moves: Moves
    lookup: Lookup
    store: Store
    admission: Admission
    policy: Policy
    inputs: Path
    provenance: dict[str, str]
    now: Callable[[], datetime]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    emit: Callable[[Event], None]
    random: Callable[[], float]
    pictures: Hop
    pace: PollPace = field(default_factory=PollPace)
    room: Room = field(default_factory=Room)
    sharing: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))

    def tell(
        self, before: Ticket, after: Ticket, *, error: Error | None = None, credits: int = 0
    ) -> Ticket:
        """Tell listeners of a move, and return the ticket as it stands now."""
        if after.status is not before.status or error is not None:
            self.emit(
                Event(
                    "job",
                    job=after.job.id,
                    status=after.status,
                    previous=before.status,
                    error=error,
                    credits=credits,
                    remaining=self.admission.balance.known,
                )
            )
        return after

    def stop(self, stop: Stop) -> None:
        """End admission, and tell listeners if that was news."""
        if self.admission.end(stop):
            self.emit(Event("stop", stop.message))

    async def move(
        self, ticket: Ticket, status: Status, error: Error | None, *, twin_of: str | None = None
    ) -> Ticket:
        """Move a ticket that has no attempt under way."""
        moved = await self.moves.moved(ticket, status, error, twin_of=twin_of)
        return self.tell(ticket, moved, error=error)
