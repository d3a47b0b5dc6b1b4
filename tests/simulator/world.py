"""Virtual time: a heap of events, and nothing that sleeps. Seconds."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class World:
    """Events in the order of their moments; those of one moment in the order they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Plan an event; one whose moment has passed happens now."""
        heapq.heappush(self._events, (max(moment, self.now), next(self._number), act))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment, or until nothing is planned."""
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heapq.heappop(self._events)
            act()
