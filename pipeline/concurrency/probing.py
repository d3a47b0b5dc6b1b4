"""How a known capacity is tried again."""

from __future__ import annotations

_AFTER = 30
_ROUNDS = 4
_SETTLED = 3.0


class Probe:
    """When to try more than the known capacity, and how much more.

    `told`: a refusal told the capacity, so seconds without one tell that a raise was right;
    otherwise that takes as many successes again. Each raise is twice the one before.
    """

    def __init__(self, *, told: bool) -> None:
        self._told = told
        self._step = 1
        self._successes = 0
        self._raised = False
        self._reached: float | None = None

    def reached(self, now: float) -> None:
        """Note that the limit is in full use."""
        if self._reached is None:
            self._reached = now

    def succeeded(self, limit: int, now: float) -> int:
        """Count a success; give by how much to raise, mostly 0."""
        self._successes += 1
        if self._raised and self._told:
            if self._reached is None or now - self._reached < _SETTLED:
                return 0
        elif self._successes < min(_AFTER, _ROUNDS * limit):
            return 0
        self._step *= 2 if self._raised else 1
        self._raised, self._reached, self._successes = True, None, 0
        return self._step
