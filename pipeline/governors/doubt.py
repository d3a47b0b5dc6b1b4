"""Results that are no use, and refusals that say no reason: when they are the run's business."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S")

_IN_A_ROW = 3


class Streak:
    """Results in a row: such as are good, or such as cost money and are no use.

    `unjudged` counts those that are bought, and whose files have not been looked at yet.
    """

    def __init__(self) -> None:
        self.unjudged = 0
        self._good = self._bad = 0

    def good(self) -> None:
        """Count one that is."""
        self._good, self._bad = self._good + 1, 0

    def bad(self) -> bool:
        """Count one that is no use; tell whether the run should stop."""
        self._good, self._bad = 0, self._bad + 1
        return self._bad >= _IN_A_ROW

    def allows(self, in_flight: int, limit: int) -> bool:
        """Tell whether one more call may go, where so many of at most `limit` are in flight.

        What is sent before the last results are judged may be no use either. So results count as
        if they were in flight until they are judged; but for as many as were good in a row, and
        half the limit at most, lest slots stand empty while results are brought home.
        """
        return in_flight + self.unjudged < limit + min(self._good, limit // 2)


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
