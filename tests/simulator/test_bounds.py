from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

from simulator.ours import OURS
from simulator.scenarios import SCENARIOS, Scenario
from simulator.service import Nature
from simulator.trial import Row, run, table
from simulator.windows import FixedWindow, SlidingWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.windows import Window

SEEDS = range(5)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(table(SCENARIOS, [OURS], SEEDS))


def test_the_makespan_is_at_most_a_tenth_over_the_oracles(rows: list[Row]) -> None:
    assert {row.scenario: row.worst for row in rows if row.judged and row.worst > 1.10} == {}
    assert median(row.median for row in rows if row.judged) <= 1.05


def test_a_job_takes_at_most_a_twentieth_of_a_request_more_than_one(rows: list[Row]) -> None:
    assert max(row.requests for row in rows if row.judged) <= 1.05


def test_next_to_nothing_is_lost_and_nothing_fails(rows: list[Row]) -> None:
    lost = {row.scenario: row.lost for row in rows if row.lost > 1}  # one of 1,000 jobs at most
    # nothing tells when a gateway gives up but the calls that it loses: of 1,000 jobs, 2 %
    assert lost.pop("queue before 6, gateway 100 s", 0) <= 25
    assert lost == {}
    assert max(row.failed for row in rows) == 0


@pytest.mark.parametrize(
    "window",
    [
        lambda: FixedWindow(300),
        lambda: SlidingWindow(300, counts_refused=False),
        lambda: SlidingWindow(300, counts_refused=True),
    ],
    ids=["fixed", "sliding", "sliding, refused count"],
)
@pytest.mark.parametrize(("stated", "share", "refused"), [(300, 0.97, 0.01), (None, 0.93, 0.03)])
def test_300_a_minute_are_used_almost_fully_for_three_minutes(
    window: Callable[[], Window], stated: float | None, share: float, refused: float
) -> None:
    scenario = Scenario(
        "two seconds each",
        lambda _: Nature(window=window()),
        jobs=5000,
        stated=stated,
        spread=0,
        longest=2,
    )
    counts = run(scenario, OURS, seed=0, until=180)
    assert counts.requests - counts.refused >= share * 900
    assert counts.refused <= refused * counts.requests
