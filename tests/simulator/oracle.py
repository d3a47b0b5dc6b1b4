"""The client that knows all: it sees the service's state, and never sends in vain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.service import Answer, Service
    from simulator.world import World


class Oracle:
    """Sends a job in the moment in which the service would begin to work on it, over no distance.

    It has no ceiling, is never refused, never queues, and never meets an outage. Why nobody can be
    faster stands at `Service`; by so much as the link takes it is faster than anybody can be.
    """

    def __init__(self, world: World, service: Service, jobs: int) -> None:
        self.ended_at = 0.0
        self._world = world
        self._service = service
        self._left = jobs
        self._wakes_at = math.inf

    def start(self) -> None:
        """Send what the service would begin now; come back when it might begin more."""
        while self._left and (opens := self._service.opens()) <= self._world.now:
            self._left -= 1
            self._service.receive(self._answered)
        if self._left and opens < self._wakes_at:
            self._wakes_at = opens
            self._world.at(opens, self._wake)

    def _wake(self) -> None:
        if self._world.now >= self._wakes_at:
            self._wakes_at = math.inf
        self.start()

    def _answered(self, answer: Answer) -> None:
        assert answer.reset is None
        self.ended_at = self._world.now
        self.start()
