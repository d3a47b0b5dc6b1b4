"""The state of a run as its events tell it: what every display shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.model import Status
from pipeline.report.wording import limits_text

if TYPE_CHECKING:
    from pipeline.model import Event

_FLYING = frozenset({Status.SENT, Status.ACCEPTED})
_ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.INVALID})


@dataclass(slots=True)
class Board:
    """Counts kept from events. Money in micro-credits."""

    has_begun: bool = False
    jobs: Counter[Status] = field(default_factory=Counter)
    began_with: int = 0
    most: int | None = None
    spent: int = 0
    remaining: int | None = None
    stop: str | None = None
    hold_until: float = 0.0
    limits: str = ""
    flying: dict[str, None] = field(default_factory=dict)

    def take(self, event: Event, now: float) -> None:
        """Take in one event at a monotonic time, in seconds."""
        if event.remaining is not None:
            self.remaining = event.remaining
        match event.name:
            case "start":
                self.has_begun = True
                self.jobs = Counter(event.jobs)
                self.began_with, self.most = self.done, event.limit
            case "job":
                self._moved(event)
            case "hold":
                self.hold_until = max(self.hold_until, now + event.seconds)
            case "limits":
                self.limits = limits_text(event)
            case "stop":
                self.stop = event.message
            case "note":
                pass

    def _moved(self, event: Event) -> None:
        self.spent += event.credits
        if event.job is not None:
            self.flying.pop(event.job, None)
            if event.status in _FLYING:
                self.flying[event.job] = None
        if event.previous is not None and event.status is not None:
            self.jobs[event.previous] -= 1
            self.jobs[event.status] += 1

    @property
    def total(self) -> int:
        """All jobs of the run."""
        return self.jobs.total()

    @property
    def done(self) -> int:
        """Jobs that have ended: an unknown one has not, the history may still tell of it."""
        return sum(self.jobs[status] for status in _ENDED)

    @property
    def left(self) -> int:
        """Jobs that this run has still to do."""
        left = self.total - self.done
        return left if self.most is None else min(left, self.began_with + self.most - self.done)
