"""What the service may be like, and how much there is to do. Jobs take about 30 s.

A provider's plans allow 50 or 60 requests a minute, which 25 or 30 calls of 30 s use up; a model
of this size is served by tens of machines rather than hundreds. Runs are of 1,500 jobs or fewer
and mostly of 20 minutes to an hour: whoever starts from a few calls and waits for answers pays
two or three round trips of 30 s, and whoever does not know where the service's minutes begin as
much again; a run of ten minutes could not make that good ("few jobs" shows it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.service import ALWAYS, ENDLESS, Nature
from simulator.steps import Steps
from simulator.windows import FixedWindow, SlidingWindow, Unlimited

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simulator.windows import Window

MEAN = 30.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A service and a run. `nature` is drawn anew for each seed.

    `spread` is the standard deviation of the logarithm of a job's length, `longest` its cut, in
    seconds. `judged`: whether a bound is set on it.
    """

    name: str
    nature: Callable[[Random], Nature]
    jobs: int = 1500
    ceiling: int = 64
    stated: float | None = None
    spread: float = 0.2
    longest: float = 90.0
    judged: bool = True

    def length(self, random: Random) -> float:
        """Draw a job's length: log-normal around MEAN."""
        mu = math.log(MEAN) - self.spread**2 / 2
        return min(random.lognormvariate(mu, self.spread), self.longest)


def _capacity(number: int, *, reset: float | None = 1.0) -> Callable[[Random], Nature]:
    return lambda _: Nature(capacity=Steps.of((0, number)), reset=reset)


def _servers(number: int, *, patience: float = math.inf) -> Callable[[Random], Nature]:
    return lambda _: Nature(servers=Steps.of((0, number)), patience=patience)


def _fixed(limit: int) -> Callable[[Random], Nature]:
    """Minutes begin when they begin: not with our first request."""
    return lambda random: Nature(window=FixedWindow(limit, random.uniform(-60, 0)))


def _sliding(
    limit: int, *, counts_refused: bool, reset: float | None = 1.0
) -> Callable[[Random], Nature]:
    return lambda _: Nature(window=SlidingWindow(limit, counts_refused=counts_refused), reset=reset)


def _steps(random: Random) -> Nature:
    """From 40 down to 15, up to 30, down to 20 and up to 50, minutes apart."""
    first, second, third, fourth = (
        each + random.uniform(-60, 60) for each in (300, 700, 1100, 1400)
    )
    return Nature(capacity=Steps.of((0, 40), (first, 15), (second, 30), (third, 20), (fourth, 50)))


def _slow_spell(random: Random) -> Nature:
    """Everything takes twice as long for ten minutes, whatever we do; it holds 48."""
    start = random.uniform(200, 400)
    return Nature(
        capacity=Steps.of((0, 48)), speed=Steps.of((0, 1), (start, 0.5), (start + 600, 1))
    )


def _bursts(random: Random) -> Nature:
    """Four times, for 20 to 40 s, nothing but 503; it holds 32."""
    steps = [(0.0, 0.0)]
    for minute in (3, 8, 13, 18):
        start = 60 * minute + random.uniform(0, 60)
        steps += [(start, 1), (start + random.uniform(20, 40), 0)]
    return Nature(capacity=Steps.of((0, 32)), outage=Steps.of(*steps))


def _mixture(random: Random) -> Nature:
    """Draw a capacity that may step, or a queue; a rate, a slow spell, and what 429s tell."""
    capacity, servers, speed = ENDLESS, ENDLESS, ALWAYS
    window: Window = Unlimited()
    first = random.randint(16, 56)
    match random.randrange(3):
        case 0:
            capacity = Steps.of((0, first))
        case 1:
            change = random.uniform(200, 800)
            capacity = Steps.of((0, first), (change, random.randint(12, 56)))
        case _:
            servers = Steps.of((0, first))
    match random.randrange(4):
        case 0:
            window = FixedWindow(random.randint(40, 75), random.uniform(-60, 0))
        case 1:
            window = SlidingWindow(random.randint(40, 75), counts_refused=random.random() < 0.5)
        case _:
            pass
    if random.random() < 0.5:
        start = random.uniform(200, 600)
        speed = Steps.of((0, 1), (start, 1 / random.uniform(1.5, 2.5)), (start + 300, 1))
    reset = random.choice([1.0, 3.0, None]) if isinstance(window, Unlimited) else 1.0
    return Nature(capacity, servers, speed, window=window, reset=reset)


SCENARIOS = (
    Scenario("capacity 24, reset told", _capacity(24)),
    Scenario("capacity 24, no reset", _capacity(24, reset=None)),
    Scenario("capacity 12, reset in 4 s", _capacity(12, reset=4.0), jobs=1000),
    Scenario("queue before 16 servers", _servers(16)),
    Scenario("queue before 6, gateway 100 s", _servers(6, patience=100), jobs=1000),
    Scenario("queue before 2 servers", _servers(2), jobs=1000),
    Scenario("50/min, fixed", _fixed(50)),
    Scenario("60/min, fixed", _fixed(60)),
    Scenario("60/min, sliding", _sliding(60, counts_refused=False)),
    Scenario("60/min, sliding, refused count", _sliding(60, counts_refused=True)),
    Scenario("50/min, fixed, stated", _fixed(50), stated=50),
    Scenario("60/min, sliding, stated", _sliding(60, counts_refused=True), stated=60),
    Scenario("capacity steps 40-15-30-20-50", _steps),
    Scenario("slow spell at capacity 48", _slow_spell),
    Scenario("very different lengths", _capacity(24), spread=1.0, longest=160),
    Scenario("random mixture", _mixture),
    Scenario("5xx bursts at capacity 32", _bursts, judged=False),
    Scenario("few jobs (60) at capacity 24", _capacity(24), jobs=60, judged=False),
)
