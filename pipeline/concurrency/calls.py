"""Calls in flight, and a stated number of them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(eq=False, frozen=True, slots=True)
class Call:
    """A call in flight: the how-manieth, and how many there were with it when it went.

    `cuts` is how often the limit had been cut before it went: a call of before a cut says nothing
    about the limit after it.
    """

    number: int
    sent_at: float
    level: int
    cuts: int


class Fixed:
    """A stated number of calls at once, used as it is: unpaced, whatever comes back."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reason = "as stated"
        self.cuts = 0
        self._sent = self._unsent = 0
        self._flying: set[Call] = set()

    @property
    def started(self) -> int:
        """How many calls have gone, or are about to; those that were refused too."""
        return self._sent - self._unsent

    @property
    def in_flight(self) -> int:
        """How many calls are in flight."""
        return len(self._flying)

    def ahead_of(self, call: Call) -> int:
        """Count the calls in flight that went before this one: the service took those in."""
        return sum(each.number < call.number for each in self._flying)

    def delay(self, now: float) -> float:  # noqa: ARG002 - the adaptive one paces
        """Give the seconds until one more may start, infinite for "when one has ended"."""
        return 0.0 if self.in_flight < self.limit else math.inf

    def sent(self, now: float) -> Call:
        """Count a start."""
        self._sent += 1
        call = Call(self._sent, now, self.in_flight + 1, self.cuts)
        self._flying.add(call)
        return call

    def unsent(self, call: Call) -> None:
        """Take a start back that never left."""
        self._unsent += 1
        self._flying.remove(call)

    def succeeded(self, call: Call, now: float) -> None:  # noqa: ARG002
        """Take a result."""
        self._flying.remove(call)

    def refused(self, call: Call, now: float, *, by_rate: bool) -> None:  # noqa: ARG002
        """Take a 429; `by_rate`: the minute was full, which says nothing about the limit."""
        self._flying.remove(call)

    def failed(self, call: Call, now: float) -> None:  # noqa: ARG002
        """Take an error of the service's own, or that no connection was made."""
        self._flying.remove(call)

    def lost(self, call: Call, now: float) -> None:  # noqa: ARG002
        """Take that a call's answer never came in time: it may have been billed."""
        self._flying.remove(call)
