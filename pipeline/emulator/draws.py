"""Chance, from a seed: the same settings draw the same latencies, submit by submit."""

import random


def milliseconds(seed: int, ordinal: int, latency: float, spread: float) -> int:
    """Draw for the submit of that ordinal, independently of the order of the others.

    The latency is uniform within `latency` seconds give or take the share `spread`.
    """
    chance = random.Random(f"{seed}/{ordinal}")  # noqa: S311  nothing here is secret
    return round(latency * (1 + spread * chance.uniform(-1, 1)) * 1000)
