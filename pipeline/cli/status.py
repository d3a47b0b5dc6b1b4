"""`catalog3d status`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pipeline.batch import (
    is_running,
    jobs_json,
    money_json,
    standing_jobs,
    standing_money,
    standing_pressure,
)
from pipeline.cli.session import JSON, MANIFEST, ends_cleanly, say_json
from pipeline.manifest import load
from pipeline.model import Status
from pipeline.report.console import Printer
from pipeline.report.summary import show_jobs, show_money
from pipeline.report.wording import limits_text, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.manifest import Manifest
    from pipeline.model import Json

_WATCH_SECONDS = 2.0


@click.command()
@MANIFEST
@JSON
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
@click.option("--complete", is_flag=True, help="Exit with 1 unless every job has succeeded.")
@ends_cleanly
def status(*, manifest: Path, as_json: bool, watch: bool, complete: bool) -> int:
    """Show where the manifest's jobs stand, and the ledger's credits; also during a run."""
    loaded = load(manifest)
    jobs = _show(loaded, as_json=as_json)
    while watch:
        time.sleep(_WATCH_SECONDS)
        if sys.stdout.isatty():
            click.clear()
        _show(loaded, as_json=as_json)
    return 1 if complete and jobs.get(Status.SUCCEEDED, 0) < sum(jobs.values()) else 0


def _show(manifest: Manifest, *, as_json: bool) -> Mapping[Status, int]:
    """Show it once, and give the jobs by state."""
    running = is_running(manifest)  # before the states: a run that ends meanwhile has settled them
    jobs, money = standing_jobs(manifest), standing_money(manifest)
    pressure = standing_pressure(manifest)
    if as_json:
        limits: dict[str, Json] | None = None if pressure is None else asdict(pressure)
        say_json(
            {
                "jobs": jobs_json(jobs),
                "credits": money_json(money),
                "limits": limits,
                "running": running,
            }
        )
    else:
        console = Printer()
        show_jobs(console, jobs)
        show_money(console, money)
        if pressure is not None:
            whose = "this run" if running else "last run that bought"
            console.print(Text(f"{whose}: {safe(limits_text(pressure))}", style="dim"))
        if running or is_running(manifest):  # one that has just begun is at work too
            console.print("a run is at work")
        else:
            for line in _left_behind(jobs):
                console.print(Text(line, style="yellow"))
    return jobs


def _left_behind(jobs: Mapping[Status, int]) -> Iterator[str]:
    """Say of what a run left in flight what becomes of it."""
    if sent := jobs.get(Status.SENT):
        yield f"no run is at work: {sent} sent lost their answers, and are unknown from the next on"
    if accepted := jobs.get(Status.ACCEPTED):
        yield f"no run is at work: the next one brings {accepted} accepted home, and pays nothing"
