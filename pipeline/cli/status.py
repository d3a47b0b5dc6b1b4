"""`catalog3d status`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pipeline.batch import jobs_json, money_json, standing_jobs, standing_money, standing_pressure
from pipeline.cli.session import JSON, MANIFEST, ends_cleanly, say_json
from pipeline.manifest import load
from pipeline.report.console import Printer
from pipeline.report.summary import show_jobs, show_money
from pipeline.report.wording import limits_text, safe

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.manifest import Manifest
    from pipeline.model import Json

_WATCH_SECONDS = 2.0


@click.command()
@MANIFEST
@JSON
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
@ends_cleanly
def status(*, manifest: Path, as_json: bool, watch: bool) -> int:
    """Show where the manifest's jobs stand, and the ledger's credits; also during a run."""
    loaded = load(manifest)
    _show(loaded, as_json=as_json)
    while watch:
        time.sleep(_WATCH_SECONDS)
        if sys.stdout.isatty():
            click.clear()
        _show(loaded, as_json=as_json)
    return 0


def _show(manifest: Manifest, *, as_json: bool) -> None:
    jobs, money = standing_jobs(manifest), standing_money(manifest)
    pressure = standing_pressure(manifest)
    if as_json:
        limits: dict[str, Json] | None = None if pressure is None else asdict(pressure)
        say_json({"jobs": jobs_json(jobs), "credits": money_json(money), "limits": limits})
    else:
        console = Printer()
        show_jobs(console, jobs)
        show_money(console, money)
        if pressure is not None:
            console.print(Text(f"last run that bought: {safe(limits_text(pressure))}", style="dim"))
