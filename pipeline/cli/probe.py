"""`catalog3d probe`."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import find_key
from pipeline.batch import probe as probe_job
from pipeline.cli.session import JSON, MANIFEST, ends_cleanly, now, say_json
from pipeline.errors import CatalogError, UsageError
from pipeline.manifest import load
from pipeline.report.lines import Lines
from pipeline.report.wording import credits_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.model import Json


@click.command()
@MANIFEST
@click.option("--only", required=True, metavar="ID", help="The job to buy.")
@click.option(
    "--transcript",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the transcript goes. [probe-ID.json in the output folder]",
)
@JSON
@ends_cleanly
def probe(*, manifest: Path, only: str, transcript: Path | None, as_json: bool) -> int:
    """Buy one model, and write down what the API answered, for a bug report.

    It is a real call, with a real bill, entered into the ledger like a run's. The transcript holds
    headers, shapes, sizes and times; no key, no picture, no links that open anything.
    """
    loaded = load(manifest)
    path = transcript or loaded.output_folder / f"probe-{only}.json"
    if all(job.id != only for job in loaded.jobs()):
        raise UsageError(f"no such job in {loaded.path.name}: {only}")
    key = find_key(loaded.api.key_env, os.environ)
    price = credits_text(loaded.budget.price_micro)
    click.echo(f"this buys one call, for about {price} credits", err=True)
    lines = Lines(sys.stderr, verbosity=1, now=now, clock=time.monotonic)
    with _transcript(path) as write:
        work = partial(probe_job, loaded, only, key=key, on_event=lines, write=write)
        probed = anyio.run(work)
    if not probed.sent:
        raise CatalogError(
            f"job {only} is {probed.row.status}: nothing was sent, and there is nothing to write "
            "down; choose a job that is pending"
        )
    click.echo(f"transcript: {path}", err=True)
    if as_json:
        say_json(probed.transcript)
    return probed.summary.exit_code


@contextmanager
def _transcript(path: Path) -> Iterator[Callable[[dict[str, Json]], None]]:
    """Have the file open before anything is bought; take it away again if nothing was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: the transcript cannot be written there ({error.strerror})"
        ) from None

    def write(transcript: dict[str, Json]) -> None:
        file.truncate(0)
        json.dump(transcript, file, indent=2)
        file.write("\n")

    try:
        with file:
            yield write
    finally:
        if path.stat().st_size == 0:
            path.unlink()
