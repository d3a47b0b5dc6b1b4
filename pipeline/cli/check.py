"""`catalog3d check`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import check_inputs
from pipeline.cli.session import JSON, MANIFEST, ends_cleanly, say_json
from pipeline.manifest import load
from pipeline.report.wording import safe

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@MANIFEST
@JSON
@ends_cleanly
def check(*, manifest: Path, as_json: bool) -> int:
    """Validate the manifest and look at every picture and mask; spends nothing.

    Exit code 0: all is well; 1: some inputs are wrong; 2: the manifest's text is.
    """
    loaded = load(manifest)
    problems = anyio.run(check_inputs, loaded)
    if as_json:
        say_json(
            {
                "jobs": loaded.count,
                "invalid": [
                    {
                        "id": job.id,
                        "line": job.line,
                        "kind": error.kind,
                        "message": error.message,
                    }
                    for job, error in problems
                ],
            }
        )
    else:
        for job, error in problems:
            sys.stdout.write(safe(f"{manifest}:{job.line}: {job.id}: {error.message}") + "\n")
        wrong = f"{len(problems):,} of {loaded.count:,} jobs have wrong inputs"
        fine = f"{loaded.count:,} jobs, all inputs are fine"
        sys.stdout.write((wrong if problems else fine) + "\n")
    return 1 if problems else 0
