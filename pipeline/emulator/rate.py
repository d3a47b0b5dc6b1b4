"""The rate limit: so many submits in each fixed window."""

import math
from datetime import UTC, datetime

WINDOW = 60.0


class FixedWindows:
    """Windows of so many seconds, the first of which begins with the first submit.

    A refused submit is not counted. `limit` None lets everything pass.
    """

    def __init__(self, limit: int | None, window: float = WINDOW) -> None:
        self._limit = limit
        self._window = window
        self._end = -math.inf
        self._taken = 0

    def take(self, now: float) -> bool:
        """Count a submit at `now` (Unix seconds); False where its window is full."""
        if now >= self._end:
            self._end, self._taken = now + self._window, 0
        if self._limit is not None and self._taken >= self._limit:
            return False
        self._taken += 1
        return True

    def headers(self) -> dict[str, str]:
        """Say when the current window ends, where there is a limit.

        The provider documents `x-rate-limit-reset-at-utc` and publishes no format: this is
        ISO 8601 in UTC, rounded up to the millisecond, so that who waits for it waits enough.
        """
        if self._limit is None:
            return {}
        end = datetime.fromtimestamp(math.ceil(self._end * 1000) / 1000, UTC)
        text = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"x-rate-limit-reset-at-utc": text}
