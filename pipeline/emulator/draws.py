"""Chance, from a seed: the same settings draw the same latencies and faults, submit by submit."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Draws:
    """What chance holds for one submit: a latency in milliseconds, and where a fault may strike."""

    milliseconds: int
    fault: float


def draw(seed: int, ordinal: int, latency: float, spread: float) -> Draws:
    """Draw for the submit of that ordinal, independently of the order of the others.

    The latency is uniform within `latency` seconds give or take the share `spread`, in whole
    milliseconds; the fault's draw is uniform in [0, 1).
    """
    chance = random.Random(f"{seed}/{ordinal}")  # noqa: S311  nothing here is secret
    seconds = latency * (1 + spread * chance.uniform(-1, 1))
    return Draws(round(seconds * 1000), chance.random())
