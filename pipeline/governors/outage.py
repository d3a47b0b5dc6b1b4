"""The service as a whole is down: failures pile up across jobs, and one probe at a time goes."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

S = TypeVar("S")

_ENOUGH, _JOBS = 5, 3
_RUN_UP = 10.0  # answers that were on their way come in between the first failures
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


class Outage(Generic[S]):
    """Tells an outage from a job's own trouble: so many failures in a row, of several jobs.

    From then on one call at a time goes, after growing waits, until one is answered. Failures of
    an outage use no tries; those that only revealed it are given back. `times` counts outages.
    Monotonic seconds.
    """

    def __init__(self, give_up_after: float) -> None:
        self._patience = give_up_after
        self._row: set[S] = set()
        self._in_row = 0
        self._failures: list[tuple[float, S]] = []
        self._since = 0.0
        self._wait = _FIRST_WAIT
        self._next = 0.0
        self._probe: object | None = None
        self.is_on = False
        self.times = 0

    def failed(self, job: S, lease: object, now: float) -> tuple[S, ...]:
        """Take a failure of the service; give the jobs whose tries only revealed an outage."""
        if self.is_on:
            if lease is self._probe:
                self._next, self._wait = now + self._wait, min(2 * self._wait, _LONGEST_WAIT)
            return ()
        self._since = self._since if self._row else now
        self._row.add(job)
        self._in_row += 1
        self._failures = [each for each in self._failures if each[0] >= self._since - _RUN_UP]
        self._failures.append((now, job))
        if self._in_row < _ENOUGH or len(self._row) < _JOBS:
            return ()
        self.is_on, self._next = True, now + self._wait
        self.times += 1
        revealed, self._failures = self._failures, []
        return tuple(job for _, job in revealed)

    def passed(self, job: S, lease: object) -> bool:
        """Take an answer that shows the service at work; tell whether that ends an outage.

        In an outage only the probe's counts: what was sent before it may come home meanwhile.
        """
        if self.is_on and lease is not self._probe:
            return False
        self._failures = [each for each in self._failures if each[1] != job]
        was_on, self.is_on = self.is_on, False
        self._row, self._in_row = set(), 0
        self._wait, self._probe = _FIRST_WAIT, None
        return was_on

    def sending(self, lease: object) -> None:
        """Note that a call goes; in an outage it is the probe."""
        if self.is_on:
            self._probe = lease

    def ended(self, lease: object) -> None:
        """Note that a call has ended, however it did."""
        if self._probe is lease:
            self._probe = None

    def delay(self, now: float) -> float:
        """Give the seconds until a call may go; infinite while a probe is under way."""
        if not self.is_on:
            return 0.0
        return math.inf if self._probe is not None else max(0.0, self._next - now)

    def lasted(self, now: float) -> float | None:
        """Give the seconds it has lasted, if that is longer than anybody will wait."""
        seconds = now - self._since
        return seconds if self.is_on and seconds >= self._patience else None
