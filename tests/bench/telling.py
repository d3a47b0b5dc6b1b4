"""The figures as tables, for a terminal and for a README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.field import FIELD
from bench.figures import ratios

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.figures import Figures, Spread
    from bench.rounds import Run
    from bench.workloads import Workload

TITLES = {each.name: each.title for each in FIELD}

_COLUMNS = (
    "| | jobs/s | of bare | steady | of bare | CPU ms/job | of bare | peak MB | MB/job in flight "
    "| server |"
)
_RULE = "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"


def table(found: Sequence[Figures], workloads: Sequence[Workload]) -> Iterator[str]:
    """Give a table a workload, each median with the least and the most behind it."""
    of_bare = {(each["workload"], each["contender"]): each for each in ratios(found)}
    for workload in workloads:
        yield from ("", f"**{workload.name}**: {workload.title}; {workload.jobs} jobs", "")
        yield from (_COLUMNS, _RULE)
        for each in found:
            if each.workload == workload.name:
                yield _row(each, of_bare.get((each.workload, each.contender)))


def heading(machine: Mapping[str, str], rounds: int) -> str:
    """Say what was measured on, and how."""
    said = "; ".join(machine.values())
    return (
        f"{said}. Median (least–most) of {rounds} interleaved rounds; start-up is taken off jobs/s "
        "and CPU; `steady` are the jobs/s of the middle four fifths of the answers; `server` is "
        "the part of one core that the server took."
    )


def line(run: Run) -> str:
    """Tell of one run."""
    weight = run.weight
    return (
        f"{run.round + 1}  {run.workload:8}  {run.contender:10}{weight.wall:7.2f} s"
        f"{weight.cpu:7.2f} s of CPU{weight.peak / 1e6:7.0f} MB"
    )


def _row(each: Figures, of_bare: Mapping[str, float] | None) -> str:
    share = {name: f"{of_bare[name]:.2f}" if of_bare else "" for name in ("rate", "steady", "cpu")}
    cells = (
        TITLES[each.contender],
        _spread(each.rate, 1),
        share["rate"],
        _spread(each.steady, 1),
        share["steady"],
        _spread(each.cpu, 2),
        share["cpu"],
        _spread(each.peak, 0),
        f"{each.held:.2f}",
        f"{each.server:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _spread(spread: Spread, digits: int) -> str:
    return f"{spread.middle:.{digits}f} ({spread.least:.{digits}f}–{spread.most:.{digits}f})"
