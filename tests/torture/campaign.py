"""A campaign: rounds of each scene, until it has had its share of the kills."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from torture.moments import Step, any_moment, any_step, steps
from torture.processes import Processes
from torture.rounds import Plan, Played, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torture.moments import Kind
    from torture.processes import Nursery
    from torture.scenes import Scene

_ROUNDS_OF_STEPS = 3
_STRIKES = 3
_CHANCES = 5
_MANY = 40
"""Jobs from which on a round is so dear that more processes are killed in it."""


@dataclass(slots=True)
class Record:
    """What the rounds of one scene brought.

    `steps` are those of a whole run of it, `reached` those at which a first run was killed.
    """

    scene: Scene
    rounds: list[tuple[Plan, Played]] = field(default_factory=list)
    steps: frozenset[Step] = frozenset()
    reached: set[Step] = field(default_factory=set)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(len(played.kills) for _, played in self.rounds)

    def add(self, plan: Plan, played: Played) -> None:
        """Take a round in."""
        self.rounds.append((plan, played))
        first = {each for each in played.kills[:1] if isinstance(each, Step)}
        self.reached |= first & self.steps


def play_scene(
    scene: Scene, kills: int, seed: int, nursery: Nursery, heard: Callable[[Played], None]
) -> Record:
    """Play a scene until so many processes were killed; `heard` is told of each round."""
    record = Record(scene)
    whole = Plan(scene, scene.few, seed)
    measured = play_one(whole, nursery)
    record.add(whole, measured)
    record.steps = frozenset(steps(measured.counts))
    for plan in islice(_plans(scene, measured.counts, seed), 2 * kills):
        if record.kills >= kills:
            break
        played = play_one(plan, nursery)
        record.add(plan, played)
        heard(played)
    return record


def play_one(plan: Plan, nursery: Nursery) -> Played:
    """Play one round, in a folder of its own."""
    with TemporaryDirectory(prefix=f"torture-{plan.scene.name}-") as folder:
        return play(plan, Processes(nursery, Path(folder)), Path(folder) / "round")


def _plans(scene: Scene, counts: Mapping[Kind, int], seed: int) -> Iterator[Plan]:
    """Plan rounds of kills at steps, every step of a whole run in turn, the journal's first.

    Between them stands now and then one of kills by chance.
    """
    chance = Random(f"{seed}/{scene.name}")  # noqa: S311 - moments to kill at, the same each time
    every = list(steps(counts))
    chance.shuffle(every)
    in_turn = cycle(sorted(every, key=lambda step: step.kind != "commit"))
    while True:
        for _ in range(_ROUNDS_OF_STEPS):
            more = [any_step(chance, counts) for _ in range(_STRIKES - 1)]
            yield Plan(scene, scene.few, chance.getrandbits(32), (next(in_turn), *more))
        often = _CHANCES * (2 if scene.jobs >= _MANY else 1)
        by_chance = tuple(any_moment(chance, scene.span) for _ in range(often))
        yield Plan(scene, scene.jobs, chance.getrandbits(32), by_chance)


def shares(scenes: Sequence[Scene], kills: int) -> list[tuple[Scene, int]]:
    """Give each scene its part of so many kills, rounded up."""
    whole = sum(scene.share for scene in scenes)
    return [(scene, -(-kills * scene.share // whole)) for scene in scenes]
