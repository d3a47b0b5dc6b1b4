"""How many calls may start in a minute: a stated number, or one learnt from 429s.

Without clock or socket: seconds are of one monotonic clock that the caller reads.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_MINUTE = 60.0
_MARGIN = 0.01
_FAR = 10.0
_READ_LATE = 2.0
_FUZZ = 1.5
_LOG = 20_000
_COUNTS = 5
_PROVEN_SENDS = 50
_PROVEN_MINUTES = 2


class Rate:
    """At most so many sends in any stretch of a minute, so that no window is passed.

    A sliding log keeps within fixed and sliding windows alike, whichever the service has; the
    minute is taken 1 % longer, because what leaves evenly may arrive bunched.

    - With `per_minute` None nothing waits, until a 429 tells that a minute was full: what was
      taken in during that minute is the budget from then on.
    - A minute that began before the first send may have been filled by somebody else, such as the
      run before: nothing is learnt of it.
    - A budget that fills and is not refused is raised a little every other minute, a stated one
      never above what was stated.
    - Two resets at the same second of their minutes tell that the minutes are the service's own:
      then at a reset all of the budget is there at once, until a refusal shows otherwise.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._stated = max(1, int(per_minute)) if per_minute else None
        self.most = self._stated
        self.reason = "as stated" if per_minute else "no limit is known"
        scarce = _MINUTE / per_minute if per_minute and per_minute < 1 else _MINUTE
        self._window = scarce * (1 + _MARGIN)
        self._sends: deque[float] = deque(maxlen=_LOG)
        self._refused: deque[float] = deque(maxlen=_LOG)
        self._counts: deque[int] = deque(maxlen=_COUNTS)
        self._descent = _Descent(-math.inf, 0, 0)
        self._minutes = _Minutes()
        self._began = math.inf
        self._prove_anew(-math.inf)

    def delay(self, now: float) -> float:
        """Give the seconds until one more may be sent."""
        if self.most is None or len(self._sends) < self.most:
            return 0.0
        oldest = self._sends[-self.most]
        if oldest < self._minutes.whole_at <= now:
            return 0.0
        return max(0.0, oldest + self._window - now)

    def sent(self, now: float) -> None:
        """Count one."""
        self._began = min(self._began, now)
        self._sends.append(now)
        for log in (self._sends, self._refused):
            while log and log[0] < now - self._window:
                log.popleft()
        self._prove(now)

    def refused(self, sent_at: float, now: float, reset: float | None, ahead: int) -> bool:
        """Take a 429, `reset` seconds from its reset; tell whether the minute was full.

        `ahead`: the calls in flight that went before it. What is not the minute's is the
        capacity's: the reset is near or not told while no budget is known, or a tenth or more of
        the known budget is left.
        """
        begin = now + (reset or 0.0) - _MINUTE - _READ_LATE
        sent = _between(self._sends, begin, sent_at)
        taken = sent - _between(self._refused, begin, sent_at)
        self._refused.append(sent_at)
        self._counts.append(taken)
        if self.most is None:
            self._descent = self._descent.after(now, sent, ahead)
            full = (reset or 0.0) > _FAR or self._descent.is_of_a_minute
        else:
            full = taken >= self.most - max(1, self.most // 10)
        if full and (self.most is not None or begin >= self._began - _READ_LATE - 1.0):
            self._learn(now, reset)
        return full

    def _learn(self, now: float, reset: float | None) -> None:
        """Take the most that recent refusals have seen taken in a minute for the budget."""
        if reset is not None:
            fresh = _between(self._sends, self._minutes.whole_at, math.inf)
            self._minutes.told(now, now + reset, spent=fresh >= 0.9 * (self.most or 0))
        budget = max(1, *self._counts)
        self.most = min(budget, self._stated or budget)
        self.reason = f"429 after {self.most} in a minute"
        self._prove_anew(now)

    def _prove_anew(self, now: float) -> None:
        self._step, self._full_sends, self._proven_since = 1, 0, now

    def _prove(self, now: float) -> None:
        """Raise a budget that filled, and proved too small for a refusal.

        A twentieth at most: then a refusal is still known for the rate's own.
        """
        if self.most is None or self.most == self._stated:
            return
        self._full_sends += len(self._sends) >= self.most
        waited = now - self._proven_since >= _PROVEN_MINUTES * self._window
        if waited and self._full_sends >= _PROVEN_SENDS:
            raised = self.most + self._step
            self.most = min(raised, self._stated or raised)
            self.reason = f"{self.most - self._step} in a minute were not refused"
            self._step = min(2 * self._step, max(1, self.most // 20))
            self._full_sends, self._proven_since = 0, now


@dataclass(frozen=True, slots=True)
class _Descent:
    """Refusals in a row whose resets are near: of the capacity, or of a minute that slides.

    Where the capacity is less than it was, calls in flight and calls in the last minute become
    fewer together, as one ends after the other. Where a minute is full and slides on, the calls
    in it stay as many, and those in flight become fewer and fewer.
    """

    at: float
    sent: int
    ahead: int
    is_of_a_minute: bool = False

    def after(self, now: float, sent: int, ahead: int) -> _Descent:
        """Go on with one more refusal, or begin anew."""
        if now - self.at > _MINUTE or ahead > self.ahead:
            return _Descent(now, sent, ahead)
        most = max(sent, self.sent)
        return _Descent(now, most, self.ahead, ahead <= 0.6 * self.ahead and sent >= 0.97 * most)


class _Minutes:
    """Whether minutes are the service's own, and when the last of them began afresh."""

    def __init__(self) -> None:
        self.whole_at = -math.inf
        self._end = -math.inf
        self._slide = False

    def told(self, now: float, end: float, *, spent: bool) -> None:
        """Take a reset; `spent`: the budget since `whole_at` is used up, as it should be."""
        if now <= self._end:
            return
        self._slide |= not spent and now - _MINUTE < self.whole_at <= now
        alike = math.isfinite(self._end) and (end - self._end + _FUZZ) % _MINUTE <= 2 * _FUZZ
        self.whole_at = end if alike and not self._slide else -math.inf
        self._end = end


def _between(log: deque[float], begin: float, end: float) -> int:
    return sum(begin <= each < end for each in log)
