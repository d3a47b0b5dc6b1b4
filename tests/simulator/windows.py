"""Requests a minute, as services count them. Seconds."""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

MINUTE = 60.0


class Window(Protocol):
    """Counts requests; knows when one more would be let through."""

    def take(self, now: float) -> bool:
        """Count a request; False where it is refused."""

    def opens(self, now: float) -> float:
        """Give the moment from which one more is let through; `now` or earlier where it is."""


class Unlimited:
    """No limit."""

    def take(self, now: float) -> bool:  # noqa: ARG002 - the face of a window
        """Let it through."""
        return True

    def opens(self, now: float) -> float:
        """Say: now."""
        return now


class FixedWindow:
    """So many requests from each minute's begin to its end; `phase` is where the minutes begin.

    Counting the refused ones too would change nothing: their minute is full already.
    """

    def __init__(self, limit: int, phase: float = 0.0) -> None:
        self._limit = limit
        self._phase = phase
        self._minute = -1
        self._taken = 0

    def take(self, now: float) -> bool:
        """Count a request; False where it is refused."""
        if self.opens(now) > now:
            return False
        self._taken += 1
        return True

    def opens(self, now: float) -> float:
        """Give the end of a minute that is full."""
        minute = math.floor((now - self._phase) / MINUTE)
        if minute != self._minute:
            self._minute, self._taken = minute, 0
        return now if self._taken < self._limit else self._phase + (minute + 1) * MINUTE


class SlidingWindow:
    """So many requests in the last minute, whenever that is asked."""

    def __init__(self, limit: int, *, counts_refused: bool) -> None:
        self._limit = limit
        self._counts_refused = counts_refused
        self._log: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Count a request; False where it is refused."""
        passes = self.opens(now) <= now
        if passes or self._counts_refused:
            self._log.append(now)
        return passes

    def opens(self, now: float) -> float:
        """Give the moment at which the log is one short of full."""
        while self._log and self._log[0] + MINUTE <= now:
            self._log.popleft()
        over = len(self._log) - self._limit
        return self._log[over] + MINUTE if over >= 0 else now
