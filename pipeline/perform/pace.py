"""When to ask how far a request is: near the usual duration first, then every second or two."""

from __future__ import annotations

from collections import deque
from statistics import median

_RECENT = 20
_EARLY = 0.85
_SHARE = 0.05
_SHORTEST, _LONGEST = 0.1, 2.0


class PollPace:
    """Learns how long requests take, so that few polls are made too early. Seconds.

    Until a first request has shown it, polls go out every second, as the provider's SDK does.
    """

    def __init__(self) -> None:
        self._durations: deque[float] = deque(maxlen=_RECENT)

    def took(self, seconds: float, polls: int) -> None:
        """Note how long a request took from its acceptance to the poll that found its end.

        Found by the first poll it may have ended long before: half of that is noted, for what is
        too long would otherwise never be found out.
        """
        self._durations.append(seconds if polls > 1 else seconds / 2)

    def delay(self, waited: float, jitter: float) -> float:
        """Give the wait before the next poll of a request that has been `waited` for.

        `jitter` is a random number from 0 to 1: it spreads polls by up to a quarter.
        """
        if not self._durations:
            return 1.0 + 0.25 * jitter
        usual = median(self._durations)
        every = min(max(_SHARE * usual, _SHORTEST), _LONGEST)
        return max(every * (1 + 0.25 * jitter), _EARLY * usual - waited)
