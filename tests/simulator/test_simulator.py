from __future__ import annotations

import json
import math
from itertools import repeat
from random import Random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from simulator.__main__ import main
from simulator.client import ATTEMPTS, TIMEOUT, Client
from simulator.policies import BASELINES, Fixed, Gate, fixed
from simulator.scenarios import SCENARIOS, Scenario
from simulator.service import Answer, Nature, Service
from simulator.steps import Steps
from simulator.trial import best, compare, run
from simulator.windows import FixedWindow, SlidingWindow
from simulator.world import World

if TYPE_CHECKING:
    from simulator.client import Counts
    from simulator.windows import Window


def answers(nature: Nature, arrivals: list[float], length: float = 10.0) -> list[tuple[int, str]]:
    """Give (the second, the kind) of the answer to each arrival, as they come."""
    world, told = World(), []
    service = Service(world, nature, repeat(length))

    def reply(answer: Answer) -> None:
        told.append((round(world.now), answer.kind.name))

    for arrival in arrivals:
        world.at(arrival, lambda: service.receive(reply))
    world.run(math.inf)
    return told


def serve(nature: Nature, *, jobs: int, at_once: int, length: float = 10.0) -> Counts:
    """Let a client with a fixed number of calls do so many jobs."""
    world = World()
    service = Service(world, nature, repeat(length))
    client = Client(world, service, Fixed(at_once), Gate(None), random=Random(1))  # noqa: S311
    client.start(jobs, at_once)
    world.run(100_000)
    return client.counts


def test_a_capacity_of_two_refuses_the_third_until_one_has_ended() -> None:
    nature = Nature(capacity=Steps.of((0, 2)))
    assert answers(nature, [0, 0, 1, 10.5]) == [
        (1, "REFUSED"),
        (10, "DONE"),
        (10, "DONE"),
        (20, "DONE"),  # it came at 10.5
    ]


def test_a_capacity_that_steps_down_lets_those_in_hand_end() -> None:
    nature = Nature(capacity=Steps.of((0, 2), (5, 1)))
    assert answers(nature, [0, 1, 10.6]) == [(10, "DONE"), (11, "REFUSED"), (11, "DONE")]


def test_two_servers_work_on_two_and_the_others_wait_in_turn() -> None:
    nature = Nature(servers=Steps.of((0, 2)))
    assert [at for at, _ in answers(nature, [0, 0, 0, 0, 0])] == [10, 10, 20, 20, 30]


def test_at_half_the_speed_the_rest_of_a_job_takes_twice_as_long() -> None:
    # 4 s at full speed, then 6 s of work at half of it: 4 + 12
    nature = Nature(speed=Steps.of((0, 1), (4, 0.5)))
    assert answers(nature, [0]) == [(16, "DONE")]


def test_an_outage_answers_503_and_ends() -> None:
    nature = Nature(outage=Steps.of((0, 0), (5, 1), (8, 0)))
    assert answers(nature, [6, 8]) == [(6, "FAILED"), (18, "DONE")]


def test_a_gateway_gives_up_while_the_service_works_on() -> None:
    nature = Nature(servers=Steps.of((0, 1)), patience=15)
    # the second would have ended at 20, and the third waits for that
    assert answers(nature, [0, 1, 12]) == [(10, "DONE"), (16, "GONE"), (27, "GONE")]


@pytest.mark.parametrize(
    ("window", "asked", "passes"),
    [
        # two a minute; minutes begin at 0, 60, …
        (FixedWindow(2), [50, 55, 59, 60, 61, 62], [1, 1, 0, 1, 1, 0]),
        (FixedWindow(2, phase=-5), [50, 55, 56, 57], [1, 1, 1, 0]),
        # of the last minute: at 110 the one of 50 has left, at 115 that of 55
        (
            SlidingWindow(2, counts_refused=False),
            [50, 55, 60, 109, 110, 111, 115],
            [1, 1, 0, 0, 1, 0, 1],
        ),
        # the refused ones of 60 and 109 keep it full
        (SlidingWindow(2, counts_refused=True), [50, 55, 60, 109, 110, 115], [1, 1, 0, 0, 0, 0]),
    ],
)
def test_a_window_counts_as_its_kind_does(
    window: Window, asked: list[float], passes: list[int]
) -> None:
    assert [window.take(at) for at in asked] == [bool(each) for each in passes]


def test_a_window_says_when_it_opens() -> None:
    fixed_window, sliding = FixedWindow(1, phase=-20), SlidingWindow(1, counts_refused=False)
    for window in (fixed_window, sliding):
        assert window.opens(5) == 5
        window.take(5)
    assert (fixed_window.opens(6), sliding.opens(6)) == (40, 65)


def test_a_429_puts_the_job_back_and_uses_no_try() -> None:
    counts = serve(Nature(capacity=Steps.of((0, 1))), jobs=5, at_once=3)
    assert (counts.done, counts.failed, counts.lost) == (5, 0, 0)
    assert counts.requests == 5 + counts.refused > 5


def test_after_a_429_all_wait_for_the_reset() -> None:
    # the second of two is refused at about 0.1; its reset 30 s later is waited for, though the
    # first has ended at 10
    counts = serve(Nature(capacity=Steps.of((0, 1)), reset=30.0), jobs=2, at_once=2)
    assert counts.refused == 1
    assert 40 < counts.ended_at < 43


def test_a_job_whose_call_timed_out_is_lost_and_never_sent_again() -> None:
    # one server, 100 s each: of three at once the first ends in time
    counts = serve(Nature(servers=Steps.of((0, 1))), jobs=3, at_once=3, length=100)
    assert (counts.done, counts.lost, counts.requests) == (1, 2, 3)
    assert counts.ended_at == TIMEOUT


def test_a_job_that_only_meets_503_fails_after_its_tries() -> None:
    counts = serve(Nature(outage=Steps.of((0, 1))), jobs=2, at_once=1)
    assert (counts.failed, counts.errors) == (2, 2 * ATTEMPTS)


def few(scenario: Scenario) -> Scenario:
    return Scenario(
        scenario.name,
        scenario.nature,
        jobs=200,
        ceiling=scenario.ceiling,
        stated=scenario.stated,
        spread=scenario.spread,
        longest=scenario.longest,
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_nobody_beats_the_oracle(scenario: Scenario) -> None:
    for seed in (0, 1):
        oracle = best(few(scenario), seed)
        for policy in (*BASELINES, fixed(24)):
            trial = compare(few(scenario), policy, seed, oracle)
            assert trial.lost or trial.failed or trial.ratio >= 1


@pytest.mark.parametrize(
    ("nature", "jobs", "makespan"),
    [
        (Nature(capacity=Steps.of((0, 4))), 12, 30),  # three rounds of four
        (Nature(servers=Steps.of((0, 4))), 13, 40),
        (Nature(capacity=Steps.of((0, 4), (15, 2))), 12, 40),  # 4, 4, 2, 2
        (Nature(window=FixedWindow(5, -50)), 15, 80),  # five at 0, at 10 and at 70
        (Nature(window=SlidingWindow(5, counts_refused=True)), 15, 130),  # at 0, at 60 and at 120
        (Nature(outage=Steps.of((0, 1), (7, 0))), 3, 17),
        (Nature(capacity=Steps.of((0, 1)), speed=Steps.of((0, 1), (10, 0.5))), 2, 30),
    ],
)
def test_the_oracle_needs_what_arithmetic_says(nature: Nature, jobs: int, makespan: float) -> None:
    scenario = Scenario("ten seconds each", lambda _: nature, jobs=jobs, spread=0, longest=10)
    assert best(scenario, 0) == pytest.approx(makespan)


def test_a_seed_makes_a_run_and_another_seed_another() -> None:
    scenario = next(each for each in SCENARIOS if each.name == "random mixture")
    runs = [run(few(scenario), BASELINES[-1], seed) for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_a_run_that_does_not_end_is_never_done() -> None:
    scenario = Scenario("closed", lambda _: Nature(capacity=Steps.of((0, 0))), jobs=1)
    trial = compare(scenario, fixed(1), 0, oracle=30.0)
    assert (trial.ratio, trial.lost, trial.failed) == (math.inf, 0, 0)


def test_the_command_prints_a_row_for_each_policy_and_json_the_same() -> None:
    asked = ["--seeds", "1", "--only", "few jobs"]
    table = CliRunner().invoke(main, asked)
    document = CliRunner().invoke(main, [*asked, "--json"])
    rows = json.loads(document.output)
    assert [row["policy"] in table.output for row in rows] == [True] * len(rows)
    assert rows[-1].keys() >= {"scenario", "median", "worst", "requests", "lost", "failed"}
