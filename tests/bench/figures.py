"""What the runs come to: medians with their spread, and ratios of medians."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.field import BARE
from bench.workloads import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.rounds import Run
    from bench.workloads import Workload


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, the least and the most."""

    middle: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Figures:
    """A contender on a workload.

    `rate` in jobs a second, `cpu` in ms a job, both without what the process takes to start;
    `steady` the rate of the middle four fifths of the answers: what a run comes to that is so long
    that its beginning and its end, with fewer in flight, do not count; `peak` in MB, of the whole
    process; `held` the MB a job in flight above the start's peak; `server` the server's share of
    one core while it was used.
    """

    workload: str
    contender: str
    rate: Spread
    steady: Spread
    cpu: Spread
    peak: Spread
    held: float
    server: float


def figures(runs: Sequence[Run], workloads: Iterable[Workload]) -> list[Figures]:
    """Work out the figures of every contender on every workload, in the order of the runs."""
    names = list(dict.fromkeys(run.contender for run in runs))
    return [
        _figures(_of(runs, START.name, name), _of(runs, workload.name, name), workload)
        for workload in workloads
        for name in names
    ]


def ratios(found: Sequence[Figures]) -> list[dict[str, Any]]:
    """Hold every contender's medians against the bare loop's."""
    bare = {each.workload: each for each in found if each.contender == BARE}
    return [
        {
            "workload": each.workload,
            "contender": each.contender,
            "rate": each.rate.middle / bare[each.workload].rate.middle,
            "steady": each.steady.middle / bare[each.workload].steady.middle,
            "cpu": each.cpu.middle / bare[each.workload].cpu.middle,
            "peak": each.peak.middle / bare[each.workload].peak.middle,
        }
        for each in found
        if each.workload in bare
    ]


def as_json(runs: Sequence[Run], found: Sequence[Figures]) -> dict[str, Any]:
    """Give all of it, down to the single runs."""
    return {
        "figures": [asdict(each) for each in found],
        "ratios": ratios(found),
        "runs": [asdict(replace(each, sent=())) for each in runs],
    }


def _of(runs: Iterable[Run], workload: str, contender: str) -> list[Run]:
    return [run for run in runs if (run.workload, run.contender) == (workload, contender)]


def _figures(starts: Sequence[Run], runs: Sequence[Run], workload: Workload) -> Figures:
    start_wall = median(run.weight.wall for run in starts)
    start_cpu = median(run.weight.cpu for run in starts)
    peak = _spread([run.weight.peak / 1e6 for run in runs])
    idle = median(run.weight.peak / 1e6 for run in starts)
    return Figures(
        workload.name,
        runs[0].contender,
        _spread([workload.jobs / (run.weight.wall - start_wall) for run in runs]),
        _spread([_steady(run.sent) for run in runs]),
        _spread([1000 * (run.weight.cpu - start_cpu) / workload.jobs for run in runs]),
        peak,
        (peak.middle - idle) / workload.in_flight,
        median(run.server / (run.weight.wall - start_wall) for run in runs),
    )


def _steady(sent: Sequence[float]) -> float:
    """Give the rate of the middle four fifths of some moments, in seconds, at least two of them."""
    first, last = len(sent) // 10, len(sent) * 9 // 10
    return (last - first) / (sent[last] - sent[first])


def _spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))
