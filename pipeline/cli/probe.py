"""`catalog3d probe`."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import click

from pipeline.batch import find_key
from pipeline.batch import probe as probe_job
from pipeline.cli.session import JSON, MANIFEST, ends_cleanly, say_json
from pipeline.errors import CatalogError, UsageError
from pipeline.manifest import load
from pipeline.report.lines import Lines
from pipeline.report.wording import credits_text


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
    if not path.parent.is_dir() and transcript is not None:
        raise UsageError(f"{path.parent}: no such folder for the transcript")
    price = credits_text(loaded.budget.price_micro)
    click.echo(f"this buys one call, for about {price} credits", err=True)
    lines = Lines(sys.stderr, verbosity=1, now=_now, clock=time.monotonic)
    key = find_key(loaded.api.key_env, os.environ)
    probed = anyio.run(partial(probe_job, loaded, only, key=key, on_event=lines))
    if not probed.sent:
        raise CatalogError(
            f"job {only} is {probed.row.status}: nothing was sent, and there is nothing to write "
            "down; choose a job that is pending"
        )
    path.write_text(json.dumps(probed.as_json(), indent=2) + "\n", encoding="utf-8")
    click.echo(f"transcript: {path}", err=True)
    if as_json:
        say_json(probed.as_json())
    return probed.summary.exit_code


def _now() -> datetime:
    return datetime.now().astimezone()
