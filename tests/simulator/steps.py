"""A quantity that changes at known moments: a capacity, a speed, an outage."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """Values from their moments on; `moments` ascend from 0."""

    moments: tuple[float, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, *pairs: tuple[float, float]) -> Steps:
        """Make steps of (moment, value) pairs."""
        return cls(tuple(moment for moment, _ in pairs), tuple(value for _, value in pairs))

    def at(self, moment: float) -> float:
        """Give the value at a moment."""
        return self.values[bisect_right(self.moments, moment) - 1]

    def next_change(self, moment: float) -> float:
        """Give the next moment at which the value changes, infinite after the last."""
        index = bisect_right(self.moments, moment)
        return self.moments[index] if index < len(self.moments) else math.inf

    def finish(self, start: float, work: float) -> float:
        """Give the moment at which so much work is done, taking the values as speeds above 0."""
        while True:
            speed, change = self.at(start), self.next_change(start)
            if start + work / speed <= change:
                return start + work / speed
            work -= (change - start) * speed
            start = change
