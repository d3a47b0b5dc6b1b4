"""A number of calls that adapts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pipeline.concurrency.calls import Fixed
from pipeline.concurrency.failing import Failing
from pipeline.concurrency.probing import Probe
from pipeline.concurrency.queueing import Queue

if TYPE_CHECKING:
    from pipeline.concurrency.calls import Call

START = 4
"""Calls in flight before any answer: even one after the other, 30 s each, they end in 120 s."""

_IN_USE = 0.8
_GROWTH = 3
_GAP, _LEAST_GAP = 0.05, 0.02
_MOST_CAUTION = 5.0
_CALMS = 0.7
_FULL = "as many as limits.max_concurrency allows"


class Adaptive(Fixed):
    """As many calls at once as the service does, from 1 to `ceiling`, found out from its answers.

    - It grows by three a success, up to fourfold in a round trip, while nothing speaks against it.
      Only calls sent since the last cut, that saw the limit in use, count.
    - The calls that a 429 finds ahead of its own are the capacity. That is tried again one by one,
      after so many successes that refusals stay about 3 % of the calls; a raise that is not
      refused within seconds is followed by twice as large a one.
    - No more in flight than the service would answer within half of `timeout` if it only queued
      them: so nothing is lost even if it becomes half as fast. A latency below that cuts nothing:
      where it is not of our making, half the calls would be half the speed.
    - An answer that was waited for in vain halves the limit, and lessens what is borne.
    - Where nearly all new calls fail, the limit is halved once, and starts pause, longer each time.
    - Starts are 50 ms apart, down to 20 ms where calls are short, and more after a refusal: it
      comes before the calls behind it have left.
    """

    def __init__(self, ceiling: int, *, timeout: float, start: int = START) -> None:
        super().__init__(min(start, ceiling))
        self.reason = "finding out how long a call takes"
        self._ceiling = ceiling
        self._queue = Queue(timeout)
        self._probe = Probe(told=False)
        self._failing = Failing()
        self._capacity: int | None = None
        self._before_refusals = 0
        self._in_use: deque[int] = deque(maxlen=ceiling)  # as many as may be taken back
        self._next_start = 0.0
        self._caution = 0.0

    def delay(self, now: float) -> float:
        """Give the seconds until one more may start, infinite for "when one has ended"."""
        return max(super().delay(now), self._next_start - now, 0.0)

    def sent(self, now: float) -> Call:
        """Count a start."""
        call = super().sent(now)
        gap = max(min(_GAP, 0.5 / self._queue.pace), _LEAST_GAP)
        self._next_start = now + max(gap, self._caution)
        self._caution *= _CALMS
        if self.in_flight >= _IN_USE * self.limit:
            self._in_use.append(call.number)
        if self.in_flight >= self.limit:
            self._probe.reached(now)
        return call

    def unsent(self, call: Call) -> None:
        """Take a start back that never left: with it, the limit was not in use."""
        super().unsent(call)
        if call.number in self._in_use:
            self._in_use.remove(call.number)

    def succeeded(self, call: Call, now: float) -> None:
        """Take a result."""
        super().succeeded(call, now)
        took = now - call.sent_at
        self._queue.usual(took)
        if call.cuts != self.cuts:
            return
        self._failing.over()
        self._queue.took(call.level, took)
        self._judge_queue()
        if self._in_use and call.number <= self._in_use[-1] and call.cuts == self.cuts:
            self._grow(now)

    def refused(self, call: Call, now: float, *, by_rate: bool) -> None:
        """Take a 429; `by_rate`: the minute was full, and so were refusals just before it."""
        ahead = max(1, self.ahead_of(call))
        super().refused(call, now, by_rate=by_rate)
        self._caution = min(2 * (now - call.sent_at), _MOST_CAUTION)
        if by_rate:
            if self._before_refusals > self.limit:
                self._raise(self._before_refusals, "the 429s came of the rate")
        elif call.cuts == self.cuts:
            self._before_refusals = max(self._before_refusals, self.limit)
            self._queue.forget()
            self._cut(ahead, f"429 with {ahead} in flight before it: these are the capacity")
            self._capacity, self._probe = self.limit, Probe(told=True)

    def failed(self, call: Call, now: float) -> None:
        """Take an error of the service's own, or that no connection was made."""
        super().failed(call, now)
        if call.cuts != self.cuts or not self._failing.failed(call.number):
            return
        self._next_start = now + self._failing.pause
        self._caution = min(2 * (now - call.sent_at), _MOST_CAUTION)
        self._queue.forget()
        limit = self.limit // 2 if self._failing.begins else self.limit
        self._cut(limit, f"nearly all new calls fail: pausing for {self._failing.pause:g} s")

    def lost(self, call: Call, now: float) -> None:
        """Take that a call's answer never came in time: it may have been billed."""
        super().lost(call, now)
        if call.cuts == self.cuts:
            took = now - call.sent_at
            self._queue.lost(took)
            self._queue.forget()
            self._cut(call.level // 2, f"no answer within {took:.0f} s, {call.level} in flight")
            self._capacity, self._probe = self.limit, Probe(told=False)

    def _grow(self, now: float) -> None:
        if self._capacity is None or self.limit < self._capacity:
            self._raise(self.limit + _GROWTH, "growing: answers come in good time")
        elif step := self._probe.succeeded(self.limit, now):
            self._before_refusals = 0
            self._raise(self.limit + step, f"trying {step} more than the known capacity")

    def _raise(self, limit: int, reason: str) -> None:
        limit = min(limit, self._ceiling, self._queue.most)
        if limit > self.limit:
            self.limit = limit
            self.reason = _FULL if limit == self._ceiling else reason

    def _cut(self, limit: int, reason: str) -> None:
        self.limit = max(1, min(limit, self.limit))
        self.reason = reason
        self.cuts += 1

    def _judge_queue(self) -> None:
        """Cut where calls wait too long; undo a cut that only made fewer calls as slow."""
        if (limit := self._queue.vindicated(self.limit)) is not None:
            self._raise(limit, "the latency is not of our making")
        elif self._queue.too_slow:
            self._cut(self._queue.shorten(), f"calls take too long with {self.limit} in flight")
            self._capacity, self._probe = self.limit, Probe(told=False)
