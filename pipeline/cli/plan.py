"""`catalog3d plan`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click
from rich.table import Table
from rich.text import Text

from pipeline.batch import Plan, find_key
from pipeline.batch import plan as plan_batch
from pipeline.cli.session import (
    JSON,
    MANIFEST,
    ONLY,
    ManyIds,
    ends_cleanly,
    say_json,
)
from pipeline.manifest import load
from pipeline.report.console import Printer
from pipeline.report.wording import credits_text, safe, seconds_text

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.manifest import Manifest

_SHOWN = 20
_MEANINGS = {
    "new": "to buy",
    "changed": "to buy anew: picture, mask or parameters changed",
    "cached": "free: the same as another job",
    "done": "done",
    "unfinished": "sent or bought, not home yet: looked for, not bought again",
    "unknown": "unknown: may have been billed; `catalog3d resolve` asks the history",
    "failed": "failed before: `catalog3d retry` puts them back",
    "invalid": "invalid: see below",
}


@click.command(cls=ManyIds)
@MANIFEST
@ONLY
@JSON
@ends_cleanly
def plan(*, manifest: Path, only: tuple[str, ...], as_json: bool) -> int:
    """Say what a run would do: new, changed, done, credits, balance, disk, time."""
    return show_plan(load(manifest), only=frozenset(only) or None, budget=None, as_json=as_json)


def show_plan(
    manifest: Manifest, *, only: frozenset[str] | None, budget: int | None, as_json: bool
) -> int:
    """Print what a run would do."""
    planned: Plan = anyio.run(
        partial(
            plan_batch,
            manifest,
            key=find_key(manifest.api.key_env, os.environ),
            only=only,
            budget=budget,
        )
    )
    if as_json:
        say_json(planned.as_json())
    else:
        _print(Printer(), planned)
    return 0


def _print(console: Printer, planned: Plan) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for name, meaning in _MEANINGS.items():
        if count := getattr(planned, name):
            table.add_row(f"{count:,}", meaning)
    console.print(table)
    if not planned.to_buy:
        console.print("nothing to buy")
        _say_problems(console, planned)
        return
    console.print(
        f"cost: about {credits_text(planned.cost)} credits, "
        f"{planned.to_buy:,} calls at {credits_text(planned.price)}"
    )
    cap = "unlimited" if planned.budget is None else f"{credits_text(planned.budget)} credits"
    balance = "not known here" if planned.balance is None else credits_text(planned.balance)
    console.print(f"budget: {cap}; balance: {balance}")
    free = "" if planned.disk_free is None else f" of {_gigabytes(planned.disk_free)} free"
    console.print(f"disk: up to {_gigabytes(planned.disk_needed)}{free}")
    console.print(f"time: about {seconds_text(planned.seconds)} at {planned.concurrency} at once")
    _say_problems(console, planned)
    for line in _warnings(planned):
        console.print(Text(line, style="yellow"))


def _say_problems(console: Printer, planned: Plan) -> None:
    for id_, error in planned.problems[:_SHOWN]:
        console.print(Text(safe(f"{id_}: {error.message}"), style="red", overflow="fold"))
    if planned.invalid > _SHOWN:
        console.print(f"… {planned.invalid - _SHOWN:,} more are wrong: `catalog3d check` tells all")


def _warnings(planned: Plan) -> list[str]:
    lines = []
    if planned.budget is not None and planned.cost > planned.budget:
        lines.append(f"the budget pays for about {planned.budget // planned.price:,} of the calls")
    if planned.balance is not None and planned.cost > planned.balance:
        lines.append(f"the balance pays for about {planned.balance // planned.price:,} of them")
    if planned.needs_acceptance:
        lines.append("so much has changed that `run` asks for --accept-changes before it buys")
    if planned.disk_free is not None and planned.disk_needed > planned.disk_free:
        lines.append("the disk may be too small for all results")
    return lines


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
