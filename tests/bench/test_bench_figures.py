from dataclasses import replace

import pytest

from bench.field import BARE
from bench.figures import figures, ratios
from bench.rounds import Run
from bench.weighing import Weight
from bench.workloads import START, Workload

TEN = Workload("ten", "ten jobs, two in flight", 10, 2)


def run(workload: str, contender: str, wall: float, cpu: float, peak: int = 50) -> Run:
    sent = tuple(100 + wall * each / 9 for each in range(10))
    return Run(workload, contender, 0, Weight(wall, cpu, peak * 10**6), 0.5, sent)


RUNS = [
    run(START.name, BARE, 1.0, 0.5, 40),
    run("ten", BARE, 3.0, 0.6),
    run(START.name, "other", 2.0, 1.0, 40),
    run("ten", "other", 12.0, 1.3),
    run("ten", "other", 7.0, 1.2),
    run("ten", "other", 22.0, 1.6, 60),
]


def test_what_a_start_takes_is_taken_off_and_medians_are_told_with_their_spread() -> None:
    bare, other = figures(RUNS, [TEN])
    assert bare.rate.middle == 10 / (3 - 1)
    assert (other.rate.least, other.rate.middle, other.rate.most) == (10 / 20, 10 / 10, 10 / 5)
    assert other.cpu.middle == pytest.approx(1000 * (1.3 - 1.0) / 10)


def test_the_steady_rate_is_that_of_the_middle_four_fifths() -> None:
    sent = (0.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0)
    slow_ends = [replace(each, sent=sent) for each in RUNS[:2]]
    (bare,) = figures(slow_ends, [TEN])
    assert bare.steady.middle == 8 / (13.0 - 5.0)


def test_answers_that_come_in_waves_have_the_rate_of_the_waves() -> None:
    # ten waves of 200 answers within 0.1 s, a second apart: 1,600 answers in 8 waves of a second
    waves = tuple(wave + each / 2000 for wave in range(10) for each in range(200))
    (bare,) = figures([replace(each, sent=waves) for each in RUNS[:2]], [TEN])
    assert bare.steady.middle == pytest.approx(200)


def test_memory_a_job_in_flight_is_the_peak_above_that_of_the_start() -> None:
    bare, other = figures(RUNS, [TEN])
    assert bare.held == (50 - 40) / 2
    assert (other.peak.middle, other.peak.most) == (50, 60)


def test_ratios_are_of_medians_and_to_the_bare_loop() -> None:
    bare, other = ratios(figures(RUNS, [TEN]))
    assert (bare["rate"], bare["steady"], bare["cpu"], bare["peak"]) == (1, 1, 1, 1)
    assert other["steady"] == pytest.approx(3 / 12)
    assert other["rate"] == (10 / 10) / (10 / 2)
    assert other["cpu"] == pytest.approx(30 / 10)


def test_without_a_bare_loop_there_is_no_ratio() -> None:
    assert ratios(figures(RUNS[2:], [TEN])) == []
