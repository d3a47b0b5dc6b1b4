"""One round: a fresh local API and ledger, kills, runs until nothing changes, the judgement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torture.gathering import Sources, account, gather, rows, with_models
from torture.judge import Broken, Finding, Open, judge, left_open
from torture.moments import Chance
from torture.stage import SETTLE, TIMEOUT, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torture.evidence import Evidence
    from torture.moments import Kind, Moment
    from torture.processes import Ended, Processes
    from torture.scenes import Scene

_MOST_RUNS = 12
_QUICK = 0.05
_ENDS = frozenset({0, 1, 7, 8})
"""Exit codes that an undisturbed run of these scenes may have: done, some left open, too many bad
results in a row, the service down."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One round to be played: all that is needed to play it again."""

    scene: Scene
    jobs: int
    seed: int
    moments: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """A round's outcome. `kills` are the moments at which a process died; money in micro-credits.

    `counts` is how many steps the first run made, if it lived.
    """

    kills: tuple[Moment, ...]
    runs: int
    findings: tuple[Finding, ...]
    open: tuple[Open, ...]
    spent: int
    books: int
    counts: Mapping[Kind, int]


def play(plan: Plan, processes: Processes, folder: Path) -> Played:
    """Play a round in a new folder."""
    books, scene = folder / "books", plan.scene
    with processes.serving(books, *scene.options, "--seed", str(plan.seed)) as urls:
        sources = Sources(Stage(scene, folder, urls, plan.jobs), processes)
        kills, struck = _strike(sources, plan.moments)
        ends = [*struck, *_settle(sources)]
        evidence = gather(sources)
    return _played(with_models(evidence, books), kills, ends)


def _strike(sources: Sources, moments: Sequence[Moment]) -> tuple[list[Moment], list[Ended]]:
    """Run and kill, moment by moment, until a run ends before its own."""
    stage, kills, ends = sources.stage, [], []
    for act, moment in enumerate(moments):
        manifest = stage.write(act)
        if isinstance(moment, Chance):
            end = sources.processes.run_until(moment, "run", manifest)
        else:
            end = sources.processes.run("run", manifest, last=moment)
        ends.append(end)
        if not end.killed:
            break
        kills.append(moment)
    return kills, ends


def _settle(sources: Sources) -> list[Ended]:
    """Run undisturbed until nothing changes any more, though the history had all its time."""
    manifest, ends = sources.stage.manifest, []
    before: list[tuple[str, str]] = []
    for _ in range(_MOST_RUNS):
        _wait_for_the_api(sources.stage.urls["url"])
        ends.append(sources.processes.run("run", manifest))
        now = [(row["status"], (row["error"] or {}).get("kind", "")) for row in rows(sources)]
        states = {state for state, _ in now}
        settled = now == before and "accepted" not in states  # which the next run asks for again
        if settled or (states == {"succeeded"} and ends[-1].code == 0):
            break
        if "failed" in states:
            sources.processes.run("retry", manifest)
        time.sleep(TIMEOUT + SETTLE)
        before = now
    return ends


def _wait_for_the_api(url: str) -> None:
    """Wait until everything that was submitted is worked off."""
    until = time.monotonic() + 60
    while account(url)["in_flight"] and time.monotonic() < until:
        time.sleep(_QUICK)


def _played(evidence: Evidence, kills: Sequence[Moment], ends: Sequence[Ended]) -> Played:
    found = judge(evidence) + [
        Finding(Broken.CRASH, f"exit {each.code}: {each.err[-500:]}")
        for each in ends
        if not each.killed and each.code not in _ENDS
    ]
    undisturbed = len(ends) - len(kills)
    if undisturbed >= _MOST_RUNS:
        found.append(Finding(Broken.RESTLESS, f"{undisturbed} runs"))
    return Played(
        kills=tuple(kills),
        runs=len(ends),
        findings=tuple(found),
        open=tuple(left_open(evidence)),
        spent=sum(each.credits for each in evidence.attempts),
        books=sum(each.billed for each in evidence.requests),
        counts=ends[0].counts,
    )
