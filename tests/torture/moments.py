"""The moments at which a process is killed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

Kind: TypeAlias = Literal["commit", "fsync", "rename", "connect", "send", "receive"]
"""A step that is seen from outside the process: of the ledger, of the disk, of the network."""

When: TypeAlias = Literal["before", "after"]

KINDS: tuple[Kind, ...] = get_args(Kind)
WHENS: tuple[When, ...] = get_args(When)

_STEP = re.compile(rf"({'|'.join(WHENS)}) ({'|'.join(KINDS)}) ([0-9]{{1,6}})")
_CHANCE = re.compile(r"([0-9]{1,3}\.[0-9]{1,6}) s into the (run|process)")


@dataclass(frozen=True, slots=True)
class Step:
    """Just before or just after the N-th call of a kind, from 1, that a process makes."""

    kind: Kind
    number: int
    when: When

    def __str__(self) -> str:
        return f"{self.when} {self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class Chance:
    """So many seconds after a run began to work, or after its process began."""

    seconds: float
    working: bool = True

    def __str__(self) -> str:
        return f"{self.seconds:.3f} s into {'the run' if self.working else 'the process'}"


Moment: TypeAlias = Step | Chance


def parse(text: str) -> Moment:
    """Read what a moment prints as. Raises ValueError."""
    if found := _STEP.fullmatch(text):
        kinds: dict[str, Kind] = {kind: kind for kind in KINDS}
        return Step(kinds[found[2]], int(found[3]), "before" if found[1] == "before" else "after")
    if found := _CHANCE.fullmatch(text):
        return Chance(float(found[1]), working=found[2] == "run")
    raise ValueError(f"{text!r} is no moment: give `after commit 3` or `0.512 s into the run`")


def steps(counts: Mapping[Kind, int]) -> Iterator[Step]:
    """Give every step of a process that makes so many calls of each kind."""
    for kind in KINDS:
        for number in range(1, counts.get(kind, 0) + 1):
            for when in WHENS:
                yield Step(kind, number, when)


def any_step(chance: Random, counts: Mapping[Kind, int]) -> Step:
    """Draw a step of a process that goes on where another was killed: it makes fewer calls."""
    kind = chance.choice([kind for kind in KINDS if counts.get(kind)])
    return Step(kind, chance.randint(1, -(-counts[kind] // 2)), chance.choice(WHENS))


def any_moment(chance: Random, span: float) -> Chance:
    """Draw a moment of the first `span` seconds of a run's work; one in eight before it."""
    working = chance.random() >= 1 / 8
    return Chance(round(chance.uniform(0.0, span if working else 1.0), 3), working)
