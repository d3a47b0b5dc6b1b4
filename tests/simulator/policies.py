"""What is compared: a number of calls that stays as it is, and the textbook's controller."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.client import Concurrency, Rate


@dataclass(frozen=True, slots=True)
class Limits:
    """A policy set up for one run."""

    concurrency: Concurrency[Any]
    rate: Rate
    workers: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A named way to set limits up, from a ceiling and the stated requests a minute."""

    name: str
    limits: Callable[[int, float | None], Limits]


class Gate:
    """A stated rate is kept to; an unstated one is not learnt."""

    def __init__(self, stated: float | None) -> None:
        self._gate = rates.Rate(stated)

    def delay(self, now: float) -> float:
        """Give the gate's delay."""
        return self._gate.delay(now)

    def sent(self, now: float) -> None:
        """Count a start."""
        self._gate.sent(now)

    def refused(self, sent_at: float, now: float, reset: float | None, ahead: int) -> bool:  # noqa: ARG002
        """Learn nothing."""
        return False


class Fixed:
    """So many at once, whatever happens."""

    def __init__(self, limit: int) -> None:
        self.limit: float = limit
        self._in_flight = 0

    def delay(self, now: float) -> float:  # noqa: ARG002
        """Let one start while there is room."""
        return 0.0 if self._in_flight < int(self.limit) else math.inf

    def ahead_of(self, call: None) -> int:  # noqa: ARG002
        """Leave them uncounted: nothing is learnt of it."""
        return 0

    def sent(self, now: float) -> None:  # noqa: ARG002
        """Count a start."""
        self._in_flight += 1

    def succeeded(self, call: None, now: float) -> None:  # noqa: ARG002
        """Count an end."""
        self._in_flight -= 1

    def refused(self, call: None, now: float, *, by_rate: bool) -> None:  # noqa: ARG002
        """Count an end."""
        self._in_flight -= 1

    failed = lost = succeeded


class Aimd(Fixed):
    """One more a round trip, half after anything bad, up to a ceiling."""

    def __init__(self, ceiling: int) -> None:
        super().__init__(4)
        self._ceiling = ceiling

    def succeeded(self, call: None, now: float) -> None:
        """Grow by one for as many successes as the limit is."""
        super().succeeded(call, now)
        self.limit = min(self._ceiling, self.limit + 1 / self.limit)

    def refused(self, call: None, now: float, *, by_rate: bool) -> None:
        """Halve."""
        super().refused(call, now, by_rate=by_rate)
        self._halve()

    def failed(self, call: None, now: float) -> None:
        """Halve."""
        super().succeeded(call, now)
        self._halve()

    lost = failed

    def _halve(self) -> None:
        self.limit = max(1.0, self.limit / 2)


def fixed(number: int) -> Policy:
    """Make the policy of a stated concurrency."""
    return Policy(f"fixed {number}", lambda _, stated: Limits(Fixed(number), Gate(stated), number))


AIMD = Policy("AIMD", lambda ceiling, stated: Limits(Aimd(ceiling), Gate(stated), ceiling))

BASELINES = (fixed(8), fixed(200), AIMD)
