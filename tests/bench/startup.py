"""How long the command takes to say its version and its help, beside a bare interpreter."""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING

from bench.weighing import python, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "catalog3d --version": python("pipeline", "--version"),
    "catalog3d --help": python("pipeline", "--help"),
}


def startup(rounds: int) -> Iterator[str]:
    """Start each in turn, and give a line each: the median, and what it is above the first."""
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(rounds):
        for name, command in _COMMANDS.items():
            times[name].append(weigh(command).wall)
    bare = median(next(iter(times.values())))
    for name, taken in times.items():
        middle = median(taken)
        spread = f"({min(taken):.3f}–{max(taken):.3f})"
        yield f"{name:20} {middle:.3f} s {spread}  {middle - bare:+.3f} s"
