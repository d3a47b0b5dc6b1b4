"""How long calls may take before there are too many of them."""

from __future__ import annotations

from collections import deque
from statistics import median

_RECENT = 10
_FIRST = 20
_SHARE_OF_TIMEOUT = 0.5
_SLACK = 1.5
_SAME = 0.8
_SHORTER = 2 / 3
_SHARE_OF_LOST = 0.75
_LONGEST_SHARE = 0.8
_UNKNOWN_PACE = 1e-9


class Queue:
    """How many calls could be in flight and each be answered in good time, if all did but queue.

    A call that was one of `level` and took so long was done at a pace of level / seconds: so fast
    the service is where calls queue, and faster where they do not (Little's law). The upper
    quartile of the last ten counts: jobs differ in length, and the first of a wave find no queue.
    """

    def __init__(self, timeout: float) -> None:
        self._bearable = timeout * _SHARE_OF_TIMEOUT
        self._longest = timeout * _LONGEST_SHARE
        self._learns = True
        self._first: list[float] = []
        self._took: deque[float] = deque(maxlen=_RECENT)
        self._paces: deque[float] = deque(maxlen=_RECENT)
        self._cut_from: tuple[int, float] | None = None

    @property
    def pace(self) -> float:
        """Calls a second that were done, or more."""
        return sorted(self._paces)[-1 - len(self._paces) // 4] if self._paces else _UNKNOWN_PACE

    @property
    def most(self) -> int:
        """The most calls in flight; without a limit until there is evidence."""
        return max(1, int(self._bearable * self.pace)) if self._paces else 1 << 30

    @property
    def too_slow(self) -> bool:
        """Whether the last calls took longer than is borne."""
        return len(self._took) == _RECENT and median(self._took) > self._bearable

    def usual(self, seconds: float) -> None:
        """Learn from the first calls what a job takes: never is less than that borne."""
        if self._learns:
            self._first.append(seconds)
            if len(self._first) == _FIRST:
                self._bearable = max(self._bearable, _SLACK * median(self._first))
                self._learns = False

    def took(self, level: int, seconds: float) -> None:
        """Take a success."""
        self._took.append(seconds)
        self._paces.append(level / max(seconds, 1e-3))

    def lost(self, seconds: float) -> None:
        """Bear a good deal less than what was too long for somebody on the way."""
        self._bearable = min(self._bearable, seconds * _SHARE_OF_LOST)
        self._learns = False

    def forget(self) -> None:
        """Begin the evidence anew."""
        self._paces.clear()
        self._took.clear()
        self._cut_from = None

    def shorten(self) -> int:
        """Give the limit at which calls would wait a third less than is borne; forget the rest."""
        pace = median(self._paces)
        self.forget()
        most = self._bearable * pace
        self._cut_from = int(most), pace
        return int(most * _SHORTER)

    def vindicated(self, limit: int) -> int | None:
        """Give the limit to return to, once it shows that a cut slowed the service's pace.

        Where calls had queued, the pace would have stayed. The latency is borne from then on.
        """
        if self._cut_from is None or len(self._paces) < _RECENT:
            return None
        before, pace = self._cut_from
        self._cut_from = None
        if self.pace >= _SAME * pace:
            return None
        self._bearable = max(self._bearable, min(_SLACK * limit / self.pace, self._longest))
        return before
