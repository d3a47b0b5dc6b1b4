"""The short form of `make torture`: every kind of scene, with a few kills each, at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from torture.campaign import play_one
from torture.judge import Broken
from torture.moments import Chance, Moment, Step
from torture.processes import nursery
from torture.rounds import Plan
from torture.scenes import SCENES

if TYPE_CHECKING:
    from torture.rounds import Played

AT_ONCE = 6  # they mostly wait

WITH_HISTORY: list[tuple[str, tuple[Moment, ...]]] = [
    ("v1-plain", (Step("commit", 3, "before"), Step("commit", 5, "after"))),
    ("v1-plain", (Step("connect", 2, "after"), Step("receive", 2, "before"))),
    ("v1-plain", (Step("fsync", 3, "after"), Step("rename", 1, "after"))),
    ("v2-plain", (Step("send", 3, "after"), Step("commit", 9, "before"))),
    ("v2-plain", (Step("rename", 1, "before"), Step("fsync", 2, "after"))),
    ("v2-plain", (Chance(0.9),)),
    ("v1-drops", (Step("receive", 3, "after"),)),
    ("v2-cuts", (Step("commit", 11, "after"), Step("send", 4, "before"))),
    ("v1-errors", (Step("commit", 7, "before"),)),
    ("v2-failures", (Step("commit", 8, "after"),)),
    ("v1-slow", (Step("send", 3, "before"),)),
    ("v2-late", (Step("commit", 6, "after"),)),
    ("v1-digests", (Step("rename", 2, "before"),)),
    ("v1-imageless", (Step("fsync", 5, "after"),)),
    ("v2-hundred", (Step("commit", 12, "after"),)),
    ("v1-twins", (Step("commit", 9, "before"), Step("rename", 2, "after"))),
    ("v2-changing", (Step("send", 4, "before"), Step("fsync", 1, "before"))),
]
DARK: list[tuple[str, tuple[Moment, ...]]] = [
    ("v1-dark", (Step("commit", 8, "after"), Step("receive", 2, "after"))),
    ("v2-dark", (Step("commit", 8, "after"), Step("receive", 2, "after"))),
]


def played(rounds: list[tuple[str, tuple[Moment, ...]]]) -> list[tuple[Plan, Played]]:
    plans = [
        Plan(SCENES[name], SCENES[name].few, seed=5, moments=moments) for name, moments in rounds
    ]
    with nursery() as shared, ThreadPoolExecutor(AT_ONCE) as pool:
        return list(zip(plans, pool.map(lambda plan: play_one(plan, shared), plans), strict=True))


def test_however_it_is_killed_nothing_is_paid_twice_or_lost_and_no_truth_left_out() -> None:
    for plan, done in played(WITH_HISTORY):
        assert done.kills, plan
        assert not done.findings, plan
        assert done.spent + sum(each.missing for each in done.open) == done.books, plan


def test_without_a_history_still_nothing_is_paid_twice() -> None:
    for plan, done in played(DARK):
        assert done.kills, plan
        assert Broken.TWICE not in {each.broken for each in done.findings}, plan
        assert done.spent + sum(each.missing for each in done.open) == done.books, plan
