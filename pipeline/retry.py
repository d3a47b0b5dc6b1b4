"""When to try again, and after how long: arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import wait_random_exponential

if TYPE_CHECKING:
    from tenacity.wait import wait_base


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter: uniform in [0, min(cap, base * 2**(n-1))] after try n.

    Full jitter spreads the tries of many jobs that failed together; see "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015. Seconds.
    """

    base: float
    cap: float

    @property
    def wait(self) -> wait_base:
        """The same as a tenacity wait."""
        return wait_random_exponential(multiplier=self.base, max=self.cap)


SUBMIT = Backoff(base=1.0, cap=60.0)
"""Between two tries of a job that the service answered with an error of its own."""

FREE = Backoff(base=0.5, cap=15.0)
"""Between two tries of a call that costs nothing: polls, results, downloads, balances."""

FREE_TRIES = 6
"""Tries of a call that costs nothing before it is left to the next run."""
