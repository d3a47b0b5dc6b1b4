"""One run of a policy in a scenario, and the table of many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from simulator.client import Client
from simulator.oracle import Oracle
from simulator.service import Nature, Service
from simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulator.client import Counts
    from simulator.policies import Policy
    from simulator.scenarios import Scenario

LONGEST = 20
"""Oracle's makespans after which a run counts as never ending."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a run compares. `ratio` is its makespan over the oracle's, infinite if it never ended.

    Where jobs were lost or failed, it is stretched as if the others had taken no longer each.
    `requests` are those a job, tries again after 5xx left out.
    """

    ratio: float
    requests: float
    lost: int
    failed: int


@dataclass(frozen=True, slots=True)
class Row:
    """A policy in a scenario, over all seeds."""

    scenario: str
    policy: str
    judged: bool
    median: float
    worst: float
    requests: float
    lost: int
    failed: int

    @classmethod
    def of(cls, scenario: Scenario, policy: Policy, trials: Sequence[Trial]) -> Row:
        """Sum trials up: the worst of everything, and the median of the ratios."""
        return cls(
            scenario.name,
            policy.name,
            scenario.judged,
            median(each.ratio for each in trials),
            max(each.ratio for each in trials),
            max(each.requests for each in trials),
            max(each.lost for each in trials),
            max(each.failed for each in trials),
        )


def best(scenario: Scenario, seed: int) -> float:
    """Give the oracle's makespan in seconds."""
    world, service, _ = _stage(scenario, seed)
    oracle = Oracle(world, service, scenario.jobs)
    oracle.start()
    world.run(math.inf)
    return oracle.ended_at


def run(scenario: Scenario, policy: Policy, seed: int, until: float = math.inf) -> Counts:
    """Let a policy have its run, at most until a moment."""
    world, service, random = _stage(scenario, seed)
    limits = policy.limits(scenario.ceiling, scenario.stated)
    client = Client(world, service, limits.concurrency, limits.rate, random=random)
    client.start(scenario.jobs, limits.workers)
    world.run(until)
    return client.counts


def compare(scenario: Scenario, policy: Policy, seed: int, oracle: float) -> Trial:
    """Hold a policy against the oracle's makespan."""
    counts = run(scenario, policy, seed, until=LONGEST * oracle)
    over = counts.done and counts.ended == scenario.jobs
    return Trial(
        ratio=counts.ended_at / oracle * scenario.jobs / counts.done if over else math.inf,
        requests=(counts.requests - counts.errors) / scenario.jobs,
        lost=counts.lost,
        failed=counts.failed,
    )


def table(
    scenarios: Sequence[Scenario], policies: Sequence[Policy], seeds: Sequence[int]
) -> Iterator[Row]:
    """Compare all with all."""
    for scenario in scenarios:
        oracles = {seed: best(scenario, seed) for seed in seeds}
        for policy in policies:
            trials = [compare(scenario, policy, seed, oracles[seed]) for seed in seeds]
            yield Row.of(scenario, policy, trials)


def _stage(scenario: Scenario, seed: int) -> tuple[World, Service, Random]:
    """Set the scene: the same for every policy, whatever it draws itself."""
    world = World()
    nature: Nature = scenario.nature(_random(scenario, seed, "nature"))
    draws = _random(scenario, seed, "lengths")
    lengths = iter(lambda: scenario.length(draws), None)
    return world, Service(world, nature, lengths), _random(scenario, seed, "client")


def _random(scenario: Scenario, seed: int, purpose: str) -> Random:
    return Random(f"{scenario.name} {seed} {purpose}")  # noqa: S311 - a model, no secret
