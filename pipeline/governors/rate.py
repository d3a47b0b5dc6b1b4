"""How often calls go: the plan's limit, and the waits that 429s ask for. Monotonic seconds."""

from __future__ import annotations

from collections import deque

_MINUTE = 60.0
_MARGIN = 0.01
_SHORTEST_HOLD, _FIRST_HOLD, _LONGEST_HOLD = 1.0, 5.0, 60.0


class RateGate:
    """At most so many sends in any stretch of a minute, so that no window is passed.

    A sliding log keeps within fixed and sliding windows alike, whichever the service has; the
    minute is taken 1 % longer, because what leaves evenly may arrive bunched.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._most = max(1, int(per_minute)) if per_minute else None
        scarce = _MINUTE / per_minute if per_minute and per_minute < 1 else _MINUTE
        self._window = scarce * (1 + _MARGIN)
        self._sends: deque[float] = deque(maxlen=self._most)

    def delay(self, now: float) -> float:
        """Give the seconds until one more may be sent."""
        if self._most is None or len(self._sends) < self._most:
            return 0.0
        return max(0.0, self._sends[0] + self._window - now)

    def sent(self, now: float) -> None:
        """Count one."""
        if self._most is not None:
            self._sends.append(now)


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
