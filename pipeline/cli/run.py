"""`catalog3d run`."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click
from rich.console import Console

from pipeline.batch import Options, Summary, find_key
from pipeline.batch import run as run_batch
from pipeline.cli.allocation import settle_memory
from pipeline.cli.plan import show_plan
from pipeline.cli.session import (
    JSON,
    MANIFEST,
    ONLY,
    ManyIds,
    ends_cleanly,
    now,
    reader_left,
    say_json,
    verbosity,
)
from pipeline.manifest import load
from pipeline.model import MICRO
from pipeline.report.console import Printer
from pipeline.report.lines import JsonLines, Lines
from pipeline.report.live import LiveDisplay
from pipeline.report.summary import show_summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pipeline.model import Event


_MOST_CREDITS = 10**9


def _credits(_context: click.Context, _option: click.Parameter, given: str | None) -> int | None:
    if given is None:
        return None
    try:
        amount = Decimal(given)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount <= _MOST_CREDITS:
        raise click.BadParameter("must be a number of credits, such as 12.5")
    return int(amount * MICRO)


BUDGET = click.option(
    "--budget", metavar="CREDITS", callback=_credits, help="The most this run may spend."
)


@click.command(cls=ManyIds)
@MANIFEST
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most N jobs.")
@ONLY
@BUDGET
@click.option("--accept-changes", is_flag=True, help="Buy anew what has changed, however much.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done: as `plan`.")
@JSON
@verbosity
@ends_cleanly
def run(  # noqa: PLR0913 - one parameter an option
    *,
    manifest: Path,
    limit: int | None,
    only: tuple[str, ...],
    budget: int | None,
    accept_changes: bool,
    dry_run: bool,
    as_json: bool,
    verbose: int,
    quiet: bool,
    log_format: str,
) -> int:
    """Turn the manifest's photographs into 3D models, and continue what earlier runs began.

    Exit codes: 0 done, 1 some jobs failed or are open, 2 bad manifest or no key, 3 out of credits,
    4 budget reached, 5 the API refuses the run, 6 another run holds the ledger, 7 useless results,
    8 the service stayed down, 74 ledger or disk failed, 130 and 143 stopped by a signal.
    """
    loaded = load(manifest)
    wanted = frozenset(only) or None
    if dry_run:
        return show_plan(loaded, only=wanted, budget=budget, as_json=as_json)
    options = Options(
        limit=limit, only=wanted, budget=budget, signals=True, accept_changes=accept_changes
    )
    with _listener(-1 if quiet else verbose, log_format) as listen:
        whole = partial(
            run_batch,
            loaded,
            key=find_key(loaded.api.key_env, os.environ),
            on_event=listen,
            options=options,
        )
        settle_memory()
        # uvloop takes a sixth off what the loop costs a job, and a tenth off large bodies
        summary: Summary = anyio.run(whole, backend_options={"use_uvloop": True})
    try:
        if as_json:
            say_json(summary.as_json())
        elif not quiet:
            show_summary(Printer(), summary, manifest, _nearer(loaded.output_folder))
        sys.stdout.flush()
    except BrokenPipeError:
        reader_left()
    return summary.exit_code


def _nearer(folder: Path) -> str:
    """Name a folder from here where it is below, and in full where it is not."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def _listener(verbosity: int, log_format: str) -> AbstractContextManager[Callable[[Event], None]]:
    """Choose how progress shows: a live display on a terminal, lines elsewhere."""
    if log_format == "json":
        return nullcontext(JsonLines(sys.stderr, now=now))
    console = Console(stderr=True, highlight=False)
    if console.is_terminal and verbosity >= 0:
        return LiveDisplay(console, verbosity=verbosity, clock=time.monotonic)
    lines = Lines(sys.stderr, verbosity=verbosity, now=now, clock=time.monotonic)
    return nullcontext(lines)
