"""Whether a paid call may go now: every governor asked, in the order in which jobs came."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

import anyio

from pipeline.governors import Balance, Budget, Doubt, Hold, Outage, Price, Streak
from pipeline.model import Claim, Stop, StopKind, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.concurrency import Call, Fixed
    from pipeline.rates import Rate

_SIGNALS = frozenset({StopKind.SIGINT, StopKind.SIGTERM})


class Ended(Exception):  # noqa: N818 - an end, not an error
    """Admission has ended: nothing more is sent in this run."""


class Ends(Enum):
    """How a call ended, for those that limit how many there may be."""

    SUCCEEDED = auto()  # the service did its work
    FAILED = auto()  # it could not, or the connection broke
    LOST = auto()  # it did not answer in time
    REFUSED = auto()  # a 429, which was told at once
    UNSENT = auto()  # it says nothing about the service's strength
    FOLLOWED = auto()  # v2: it goes on, and is ended by whoever parts from it


@dataclass(eq=False, slots=True)
class Lease:
    """The right to one paid call, with its price held. To be settled, kept or given back.

    `is_over` once the call's slot is free.
    """

    price: int
    call: Call
    is_over: bool = False


@dataclass(slots=True)
class Governors:
    """What the door asks before a call may go."""

    concurrency: Fixed
    rate: Rate
    budget: Budget
    price: Price
    balance: Balance
    outage: Outage[Claim]
    hold: Hold = field(default_factory=Hold)
    streak: Streak = field(default_factory=Streak)
    doubt: Doubt[Ticket] = field(default_factory=Doubt)


class Admission:
    """The one door to the paid API.

    `clock` is monotonic, in seconds; `in_flight` counts the calls under way. An end is final: the
    first reason stands, but a signal wins.
    """

    def __init__(
        self, governors: Governors, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.concurrency = governors.concurrency
        self.rate = governors.rate
        self.budget = governors.budget
        self.price = governors.price
        self.balance = governors.balance
        self.outage = governors.outage
        self.hold = governors.hold
        self.streak = governors.streak
        self.doubt = governors.doubt
        self.stop: Stop | None = None
        self.in_flight = 0
        self._clock = clock
        self._followed: dict[int, Lease] = {}
        self._guessed: set[int] = set()
        self._queue = anyio.Lock(fast_acquire=True)  # a turn of the loop else, for each call
        self._change: anyio.Event | None = None

    def end(self, stop: Stop) -> bool:
        """End admission; what is in flight drains. False where it had ended for good before."""
        if self.stop is not None and _weight(stop) <= _weight(self.stop):
            return False
        self.stop = stop
        self._changed()
        return True

    @property
    def is_signalled(self) -> bool:
        """Whether a signal has ended admission: then nothing goes on that can wait."""
        return self.stop is not None and self.stop.kind in _SIGNALS

    async def enter(self) -> Lease:
        """Wait until a call may go; hold its price. Raises Ended."""
        async with self._queue:
            while (delay := self._delay()) > 0:
                await self._until_change(delay)
            now = self._clock()
            lease = Lease(self.price.expected, self.concurrency.sent(now))
            self.rate.sent(now)
            self.budget.hold(lease.price)
            self.doubt.sending(lease)
            self.outage.sending(lease)
            self.in_flight += 1
            return lease

    def settle(self, lease: Lease, credits: int) -> None:
        """End a call whose bill is known, 0 where there is none."""
        if credits:
            self.price.paid(credits)
        self.budget.settle(lease.price, credits)
        self._left()

    def guessed(self, attempt: int) -> None:
        """Remember that a bill was taken for the price held, because its answer did not tell it."""
        self._guessed.add(attempt)

    def corrected(self, attempt: int, guess: int, credits: int) -> None:
        """Correct a bill that this run had guessed, now that the answer's body tells it."""
        if attempt in self._guessed:
            self._guessed.discard(attempt)
            self.price.paid(credits)
            self.budget.spent += credits - guess
            self._changed()

    def keep(self, lease: Lease, attempt: int, *, followed: bool = False) -> None:
        """End a call whose bill is open: its price stays held.

        One that is `followed` may still tell its bill, and is waited for as if in flight, until it
        is learnt or parted from.
        """
        self.budget.keep(attempt, lease.price)
        if followed:
            self._followed[attempt] = lease
        self._left()

    def parted(self, attempt: int, ends: Ends) -> None:
        """Follow an attempt no longer: if its bill is still open, this run will not learn it."""
        lease = self._followed.pop(attempt, None)
        if lease is not None:
            self._ended(lease, ends)
        self._changed()

    def learnt(self, attempt: int, credits: int) -> None:
        """Settle a call that was kept open."""
        if credits:
            self.price.paid(credits)
        self.budget.learnt(attempt, credits)
        self._changed()

    def limited(self, lease: Lease, reset: float | None) -> float:
        """Take a 429: it tells of the minute or of the capacity; return for how long all wait."""
        now, call = self._clock(), lease.call
        ahead = self.concurrency.ahead_of(call)
        by_rate = self.rate.refused(call.sent_at, now, reset, ahead)
        self.concurrency.refused(call, now, by_rate=by_rate)
        return self.hold.limited(now, reset)

    def troubled(self, lease: Lease, claim: Claim) -> tuple[Claim, ...]:
        """Take a failure of the service; give those whose tries only revealed an outage."""
        return self.outage.failed(claim, lease, self._clock())

    def arrived(self, lease: Lease) -> None:
        """Free the slot of a call whose result is here to its last byte, though nobody judged it.

        What is left to be done is our own: the service has room for another. Told by the network's
        own callback, where no task runs: nothing here may ask for one.
        """
        if not lease.is_over:
            self._ended(lease, Ends.SUCCEEDED)
            self.streak.unjudged += 1
            self._changed()

    def resolved(self, lease: Lease, ends: Ends, *, passed: bool) -> Ticket | None:
        """Tell the governors how a call ended; return a job that this has convicted."""
        if lease.is_over:
            self.streak.unjudged -= 1  # whoever brings it home counts it from here on
        else:
            self._ended(lease, ends)
        self.outage.ended(lease)
        convicted = self.doubt.ended(lease, passed=passed)
        self._changed()
        return convicted

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Count a result as unjudged while its files are brought home."""
        self.streak.unjudged += 1
        try:
            yield
        finally:
            self.streak.unjudged -= 1
            self._changed()

    async def pause(self, seconds: float) -> None:
        """Wait, as between two tries. Raises Ended as soon as admission ends."""
        until = self._clock() + seconds
        while self.stop is None and (left := until - self._clock()) > 0:
            await self._until_change(left)
        if self.stop is not None:
            raise Ended

    def _delay(self) -> float:
        """Give the seconds until the governors may agree, infinite for "until something changes".

        Ends admission where they never will.
        """
        price, now = self.price.expected, self._clock()
        awaited = self.in_flight or any(each in self.budget.open for each in self._followed)
        if self.stop is None and not self.budget.fits(price):
            if awaited:
                return math.inf  # a call in flight may cost less than is held for it
            self.end(_budget_stop(self.budget, price))
        if self.stop is None and not self.balance.allows(price, self.budget.unsettled):
            if awaited:
                return math.inf
            self.end(_reserve_stop(self.balance, price))
        if self.stop is None and (lasted := self.outage.lasted(now)) is not None:
            self.end(_outage_stop(lasted))
        if self.stop is not None:
            raise Ended
        calls = self.concurrency
        if not (self.doubt.may_send() and self.streak.allows(calls.in_flight, calls.limit)):
            return math.inf
        return max(
            self.hold.delay(now),
            self.rate.delay(now),
            self.outage.delay(now),
            calls.delay(now),
        )

    def _ended(self, lease: Lease, ends: Ends) -> None:
        call, now = lease.call, self._clock()
        lease.is_over = ends is not Ends.FOLLOWED
        match ends:
            case Ends.SUCCEEDED:
                self.concurrency.succeeded(call, now)
            case Ends.FAILED:
                self.concurrency.failed(call, now)
            case Ends.LOST:
                self.concurrency.lost(call, now)
            case Ends.UNSENT:
                self.concurrency.unsent(call)
            case Ends.REFUSED | Ends.FOLLOWED:
                pass

    def _left(self) -> None:
        self.in_flight -= 1
        self._changed()

    def _changed(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            change.set()

    async def _until_change(self, seconds: float) -> None:
        change = self._change = self._change or anyio.Event()
        with anyio.move_on_after(seconds):
            await change.wait()


def _weight(stop: Stop) -> int:
    """Rank the ends: a signal over all, a broken journal over what else; else the first stands."""
    if stop.kind in _SIGNALS:
        return 2
    return 1 if stop.kind is StopKind.JOURNAL else 0


def _outage_stop(lasted: float) -> Stop:
    return Stop(
        StopKind.OUTAGE,
        f"the service has been down for {lasted:.0f} s, longer than limits.give_up_after; no try "
        "was used by that: run again when it is back",
    )


def _budget_stop(budget: Budget, price: int) -> Stop:
    held = budget.unsettled
    advice = (
        "run again to go on with the budget anew, or raise it"
        if budget.spent
        else "settle the jobs whose bill is open, or raise budget.credits"
    )
    return Stop(
        StopKind.BUDGET,
        f"the next call's {price / 1e6:g} credits would pass budget.credits "
        f"{(budget.cap or 0) / 1e6:g}: {budget.spent / 1e6:g} were paid, or came to light, in this "
        f"run, and {held / 1e6:g} are held for calls whose bill is open; {advice}",
    )


def _reserve_stop(balance: Balance, price: int) -> Stop:
    return Stop(
        StopKind.BUDGET,
        f"the account holds {(balance.known or 0) / 1e6:g} credits; the next call's "
        f"{price / 1e6:g} would leave less than budget.reserve, "
        f"{(balance.reserve or 0) / 1e6:g}: top up, or lower the reserve",
    )
