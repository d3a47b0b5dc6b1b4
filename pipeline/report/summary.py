"""How a run ended, for a person: where the jobs stand, the money, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pipeline.model import IN_BETWEEN, Status, StopKind
from pipeline.report.wording import STYLES, credits_text, safe, seconds_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console

    from pipeline.batch import Summary
    from pipeline.ledger import Money

_NEXT = {
    StopKind.CREDITS: "top up the account, then run again: nothing was lost, no try was used",
    StopKind.BUDGET: "run again to go on",
    StopKind.OUTAGE: "run again when the service is back",
    StopKind.SIGINT: "run again to go on",
    StopKind.SIGTERM: "run again to go on",
}


def show_summary(console: Console, summary: Summary, manifest: Path, folder: str) -> None:
    """Print how a run ended."""
    show_jobs(console, summary.jobs)
    spent = f"{summary.bought:,} bought for {credits_text(summary.spent)} credits"
    console.print(f"{spent} in {seconds_text(summary.seconds)}")
    if summary.earlier:
        cost = credits_text(summary.earlier_spent)
        console.print(f"calls of earlier runs, billed by now: {summary.earlier:,}, {cost} credits")
    show_money(console, summary.money)
    console.print(Text(safe(f"results: {folder}"), overflow="fold"))
    for line in _advice(summary, manifest):
        console.print(Text(safe(line), style="yellow"))


def show_jobs(console: Console, jobs: Mapping[Status, int]) -> None:
    """Print the states that have jobs, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for status in Status:
        if jobs.get(status):
            table.add_row(f"{jobs[status]:,}", Text(status, style=STYLES[status]))
    console.print(table)


def show_money(console: Console, money: Money) -> None:
    """Print what was paid, what may have been, and what is left."""
    line = f"{credits_text(money.spent)} credits paid in all"
    if money.unsettled:
        line += f", {credits_text(money.unsettled)} held for calls whose bill is open"
    if money.remaining is not None:
        line += f", {credits_text(money.remaining)} left on the account"
    console.print(line)


def _advice(summary: Summary, manifest: Path) -> list[str]:
    """Say what to do next."""
    lines = _about_stop(summary)
    jobs = summary.jobs
    if jobs.get(Status.FAILED):
        lines.append(
            f"{jobs[Status.FAILED]} failed: `catalog3d jobs {manifest} --status failed` says why, "
            f"`catalog3d retry {manifest}` puts back those that were not billed"
        )
    if jobs.get(Status.INVALID):
        lines.append(
            f"{jobs[Status.INVALID]} invalid: `catalog3d check {manifest}` says what is wrong"
        )
    if jobs.get(Status.UNKNOWN):
        lines.append(
            f"{jobs[Status.UNKNOWN]} unknown: sent, answer lost; they may have been billed, and "
            f"are not sent again. `catalog3d resolve {manifest}` asks the provider's history, and "
            "lists what it cannot tell"
        )
    if jobs.get(Status.SENT):
        lines.append(
            f"{jobs[Status.SENT]} were in flight and their answers are lost: they may be billed, "
            "and are unknown from the next run on"
        )
    if jobs.get(Status.ACCEPTED):
        lines.append(
            f"{jobs[Status.ACCEPTED]} accepted: the next run brings them home before it buys "
            "anything, and pays nothing for them"
        )
    if jobs.get(Status.RECEIVED):
        lines.append(
            f"{jobs[Status.RECEIVED]} received: paid for, and not home yet; `catalog3d jobs "
            f"{manifest} --status received` says why. What the next run can fetch is free; an "
            "answer that nobody understands is kept for a later version: please report it"
        )
    return lines


def _about_stop(summary: Summary) -> list[str]:
    """Say why the run ended early, and how to go on if there is anything left."""
    stop = summary.stop
    if stop is None:
        return []
    signal = stop.kind in {StopKind.SIGINT, StopKind.SIGTERM}
    lines = [f"stopped by {stop.kind.upper()}" if signal else f"stopped: {stop.message}"]
    following = _NEXT.get(stop.kind)
    left = sum(summary.jobs.get(status, 0) for status in (Status.PENDING, *IN_BETWEEN))
    if following and left and following not in stop.message:
        lines.append(f"next: {following}")
    return lines
