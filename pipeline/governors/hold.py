"""The wait that a 429 asks for. Monotonic seconds."""

from __future__ import annotations

_SHORTEST_HOLD, _FIRST_HOLD, _LONGEST_HOLD = 1.0, 5.0, 60.0


class Hold:
    """Everyone waits after a 429, until the reset; without one, longer each time.

    A reset that has passed is waited for a second, and longer each time that nothing went through:
    a 429 uses no try, so nothing else would slow a loop of sends and refusals.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._next = _FIRST_HOLD
        self._least = _SHORTEST_HOLD

    def limited(self, now: float, reset: float | None) -> float:
        """Take a 429, `reset` seconds from its reset; return how long all wait now."""
        if reset is None and self._until <= now:
            reset, self._next = self._next, min(2 * self._next, _LONGEST_HOLD)
        if reset is not None:
            least = _SHORTEST_HOLD
            if self._until <= now:
                least, self._least = self._least, min(2 * self._least, _LONGEST_HOLD)
            self._until = max(self._until, now + max(reset, least))
        return self._until - now

    def passed(self) -> None:
        """Note that a call went through: the next wait is short again."""
        self._next = _FIRST_HOLD
        self._least = _SHORTEST_HOLD

    def delay(self, now: float) -> float:
        """Give the seconds until the hold ends."""
        return max(0.0, self._until - now)
