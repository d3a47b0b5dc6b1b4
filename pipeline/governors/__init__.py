"""What limits the run: small objects with one verb each, without clock or socket of their own.

Seconds are of one monotonic clock that the caller reads; money is in micro-credits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S")

_MINUTE = 60.0
_MARGIN = 0.01
_SHORTEST_HOLD, _FIRST_HOLD, _LONGEST_HOLD = 1.0, 5.0, 60.0
_RECENT = 20
_IN_A_ROW = 3


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


class Price:
    """What a call is expected to cost: the stated price, then the highest of the recent ones."""

    def __init__(self, stated: int) -> None:
        self._stated = stated
        self._recent: deque[int] = deque(maxlen=_RECENT)

    def paid(self, credits: int) -> None:
        """Note what a call cost."""
        self._recent.append(credits)

    @property
    def expected(self) -> int:
        """The price to hold for the next call."""
        return max(self._recent, default=self._stated)


@dataclass(slots=True)
class Budget:
    """What a run may spend: its own bills, what it holds, and what earlier runs left open.

    `cap` None is unlimited; `open` are the unsettled attempts of earlier runs: number → held.
    """

    cap: int | None
    open: dict[int, int] = field(default_factory=dict)
    spent: int = 0
    held: int = 0

    @property
    def unsettled(self) -> int:
        """What calls in flight and open attempts may still cost."""
        return self.held + sum(self.open.values())

    def fits(self, price: int) -> bool:
        """Tell whether one more call stays within the cap, whatever is in flight."""
        return self.cap is None or self.spent + self.unsettled + price <= self.cap

    def hold(self, price: int) -> None:
        """Set the price of a call aside before it goes."""
        self.held += price

    def settle(self, price: int, credits: int) -> None:
        """Turn what was held into what it cost; 0 where it was not billed."""
        self.held -= price
        self.spent += credits

    def keep(self, attempt: int, price: int) -> None:
        """Leave a call's price set aside: nobody knows yet what it cost."""
        self.held -= price
        self.open[attempt] = price

    def learnt(self, attempt: int, credits: int) -> None:
        """Settle an attempt that was open."""
        self.open.pop(attempt, None)
        self.spent += credits


class Balance:
    """The account's credits. Answers arrive out of order: the lowest since the last asking counts.

    `reserve` None: the balance is known, and stops nothing.
    """

    def __init__(self, reserve: int | None) -> None:
        self.reserve = reserve
        self.known: int | None = None

    def asked(self, balance: int | None) -> None:
        """Take what the account itself said."""
        if balance is not None:
            self.known = balance

    def seen(self, remaining: int | None) -> None:
        """Take what an answer's header said."""
        if remaining is not None:
            self.known = remaining if self.known is None else min(self.known, remaining)

    def allows(self, price: int, held: int) -> bool:
        """Tell whether one more call leaves the reserve untouched, with `held` not settled.

        An open attempt may be in the balance already, and is counted all the same: the reserve is
        kept, if need be with a call's price to spare.
        """
        if self.reserve is None or self.known is None:
            return True
        return self.known - held - price >= self.reserve


class Streak:
    """Counts results in a row that cost money and are no use."""

    def __init__(self) -> None:
        self._count = 0

    def good(self) -> None:
        """Begin anew."""
        self._count = 0

    def bad(self) -> bool:
        """Count one; tell whether the run should stop."""
        self._count += 1
        return self._count >= _IN_A_ROW


class Verdict(StrEnum):
    """What a 406 that nobody can read leads to."""

    WAIT = "wait"
    STOP = "stop"


class Doubt(Generic[S]):
    """A 406 that does not say why: is it the job, or the account? One other job is sent to see.

    A second such 406 says it is the account. A probe that passes says it was the job.
    """

    def __init__(self) -> None:
        self._suspect: S | None = None
        self._probe: object | None = None

    @property
    def suspect(self) -> S | None:
        """The job that waits for the verdict."""
        return self._suspect

    def may_send(self) -> bool:
        """Tell whether a call may go: any while there is no doubt, then one at a time."""
        return self._suspect is None or self._probe is None

    def sending(self, lease: object) -> None:
        """Note that a call goes; in doubt, it is the probe."""
        if self._suspect is not None:
            self._probe = lease

    def unreadable(self, suspect: S) -> Verdict:
        """Take such a 406."""
        if self._suspect is not None:
            return Verdict.STOP
        self._suspect = suspect
        return Verdict.WAIT

    def ended(self, lease: object, *, passed: bool) -> S | None:
        """Take a call's end; return the suspect that its passing has convicted."""
        if self._probe is not lease:
            return None
        self._probe = None
        return self.convict() if passed else None

    def convict(self) -> S | None:
        """Give the suspect up, and end the doubt."""
        suspect, self._suspect = self._suspect, None
        return suspect
