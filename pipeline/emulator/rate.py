"""The rate limit: so many submits in each fixed window."""

import math

from . import clock

WINDOW = 60.0


class FixedWindows:
    """Windows of so many seconds, the first of which begins with the first submit.

    A refused submit is not counted. `limit` None lets everything pass.
    """

    def __init__(self, limit: int | None, window: float = WINDOW) -> None:
        self.limit = limit
        self._window = window
        self.end = -math.inf
        self.taken = 0

    def take(self, now: float) -> bool:
        """Count a submit at `now` (Unix seconds); False where its window is full."""
        if now >= self.end:
            self.end, self.taken = now + self._window, 0
        if self.limit is not None and self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    def headers(self) -> dict[str, str]:
        """Say when the current window ends, where there is a limit."""
        return {} if self.limit is None else reset_header(self.end)


def reset_header(end: float) -> dict[str, str]:
    """Say when a window ends (Unix seconds).

    The provider documents `x-rate-limit-reset-at-utc` and publishes no format: this is ISO 8601 in
    UTC, rounded up to the millisecond, so that who waits for it waits enough.
    """
    return {"x-rate-limit-reset-at-utc": clock.iso(math.ceil(end * 1000) / 1000)}
