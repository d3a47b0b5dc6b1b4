"""The client around a policy, as the tool is: one door, one hold, tries counted only at 5xx."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pipeline.governors import Hold
from pipeline.retry import SUBMIT
from simulator.service import Answer, Kind

if TYPE_CHECKING:
    from random import Random

    from simulator.service import Service
    from simulator.world import World

C = TypeVar("C")

TIMEOUT = 180.0
"""Seconds a call may take: `api.timeout`. Its answer is lost then; it is never sent again."""

ATTEMPTS = 4
"""Tries of a job at 5xx: `limits.attempts`."""

LINK = (0.05, 0.15)
"""Seconds that a request and an answer are under way, each."""

_ROUNDED = 1.0


class Concurrency(Protocol[C]):
    """How many calls may be in flight; told what became of each. Seconds of one clock."""

    def delay(self, now: float) -> float:
        """Give the seconds until one more may start, infinite for "when one has ended"."""

    def sent(self, now: float) -> C:
        """Count a start."""

    def ahead_of(self, call: C) -> int:
        """Count the calls in flight that went before this one."""

    def succeeded(self, call: C, now: float) -> None:
        """Take a result."""

    def refused(self, call: C, now: float, *, by_rate: bool) -> None:
        """Take a 429."""

    def failed(self, call: C, now: float) -> None:
        """Take a 5xx."""

    def lost(self, call: C, now: float) -> None:
        """Take that a call's answer is no longer waited for."""


class Rate(Protocol):
    """How many calls may start in a minute."""

    def delay(self, now: float) -> float:
        """Give the seconds until one more may start."""

    def sent(self, now: float) -> None:
        """Count a start."""

    def refused(self, sent_at: float, now: float, reset: float | None, ahead: int) -> bool:
        """Take a 429 with so many calls ahead; tell whether it was the minute that was full."""


@dataclass(slots=True)
class Counts:
    """What became of the jobs, and what it took."""

    requests: int = 0
    refused: int = 0
    errors: int = 0
    done: int = 0
    failed: int = 0
    lost: int = 0
    ended_at: float = 0.0

    @property
    def ended(self) -> int:
        """How many jobs are over."""
        return self.done + self.failed + self.lost


@dataclass(slots=True)
class _Job:
    tries: int = 0


class Client(Generic[C]):
    """So many workers, each with one job at a time, before one door that keeps their order."""

    def __init__(
        self,
        world: World,
        service: Service,
        concurrency: Concurrency[C],
        rate: Rate,
        *,
        random: Random,
    ) -> None:
        self.counts = Counts()
        self._world = world
        self._service = service
        self._concurrency = concurrency
        self._rate = rate
        self._random = random
        self._hold = Hold()
        self._supply = 0
        self._queue: deque[_Job] = deque()
        self._wakes_at = math.inf

    def start(self, jobs: int, workers: int) -> None:
        """Let the workers begin."""
        self._supply = jobs
        for _ in range(min(jobs, workers)):
            self._take_next()
        self._door()

    def _take_next(self) -> None:
        if self._supply:
            self._supply -= 1
            self._queue.append(_Job())

    def _door(self) -> None:
        """Let through who may go; come back when the next may."""
        now = self._world.now
        while self._queue and (delay := self._delay(now)) <= 0:
            self._send(self._queue.popleft())
        if self._queue and now + delay < self._wakes_at:
            self._wakes_at = now + delay
            self._world.at(self._wakes_at, partial(self._wake, self._wakes_at))

    def _wake(self, moment: float) -> None:
        if self._wakes_at == moment:
            self._wakes_at = math.inf
            self._door()

    def _delay(self, now: float) -> float:
        return max(self._hold.delay(now), self._rate.delay(now), self._concurrency.delay(now))

    def _send(self, job: _Job) -> None:
        now = self._world.now
        self.counts.requests += 1
        self._rate.sent(now)
        flight = _Flight(self, job, self._concurrency.sent(now), now)
        self._world.at(now + TIMEOUT, flight.time_out)
        self._world.at(now + self._on_the_way(), lambda: self._service.receive(flight.answered))

    def _on_the_way(self) -> float:
        return self._random.uniform(*LINK)

    def deliver(self, flight: _Flight[C], answer: Answer) -> None:
        """Bring an answer back over the link."""
        told = None if answer.reset is None else _reset_delay(answer.reset, self._world.now)
        act = partial(self._answered, flight, answer.kind, told)
        self._world.at(self._world.now + self._on_the_way(), act)

    def _answered(self, flight: _Flight[C], kind: Kind, reset: float | None) -> None:
        if flight.over:
            return
        flight.over = True
        now = self._world.now
        match kind:
            case Kind.GONE:
                self.lose(flight)
            case Kind.DONE:
                self._hold.passed()
                self._concurrency.succeeded(flight.call, now)
                self.counts.done += 1
                self._ended()
            case Kind.REFUSED:
                ahead = self._concurrency.ahead_of(flight.call)
                by_rate = self._rate.refused(flight.sent_at, now, reset, ahead)
                self._concurrency.refused(flight.call, now, by_rate=by_rate)
                self._hold.limited(now, reset)
                self.counts.refused += 1
                self._queue.append(flight.job)
            case Kind.FAILED:
                self._concurrency.failed(flight.call, now)
                self.counts.errors += 1
                self._try_again(flight.job)
        self._door()

    def _try_again(self, job: _Job) -> None:
        job.tries += 1
        if job.tries >= ATTEMPTS:
            self.counts.failed += 1
            self._ended()
            return

        def back() -> None:
            self._queue.append(job)
            self._door()

        longest = min(SUBMIT.cap, SUBMIT.base * 2 ** (job.tries - 1))
        self._world.at(self._world.now + self._random.uniform(0, longest), back)

    def lose(self, flight: _Flight[C]) -> None:
        """Give a call up: whether it was billed is unknown."""
        self._concurrency.lost(flight.call, self._world.now)
        self.counts.lost += 1
        self._ended()
        self._door()

    def _ended(self) -> None:
        self.counts.ended_at = self._world.now
        self._take_next()


class _Flight(Generic[C]):
    """One call under way."""

    def __init__(self, client: Client[C], job: _Job, call: C, sent_at: float) -> None:
        self.job = job
        self.call = call
        self.sent_at = sent_at
        self.over = False
        self._client = client

    def answered(self, answer: Answer) -> None:
        """Take the service's answer, at the service."""
        self._client.deliver(self, answer)

    def time_out(self) -> None:
        """Stop waiting for the answer."""
        if not self.over:
            self.over = True
            self._client.lose(self)


def _reset_delay(reset: float, now: float) -> float:
    """Give the seconds to a reset as the tool reads them: `Date` is whole, and one more is waited.

    The same as `pipeline.api.dates.reset_delay` makes of the headers.
    """
    return reset - math.floor(now) + _ROUNDED
