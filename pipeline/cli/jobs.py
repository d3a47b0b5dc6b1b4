"""`catalog3d jobs`."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from pipeline.batch import job_rows
from pipeline.cli.session import MANIFEST, ends_cleanly
from pipeline.manifest import load
from pipeline.model import MICRO, Status
from pipeline.report.console import Printer
from pipeline.report.wording import STYLES, credits_text, safe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from pipeline.ledger import JobRow

_FORMATS = ("table", "jsonl", "csv")
_COLUMNS = (
    "id", "status", "attempts", "credits", "request_id",
    "result", "sha256", "bytes", "error_kind", "error_message",
)  # fmt: skip


@click.command()
@MANIFEST
@click.option(
    "--status",
    "wanted",
    type=click.Choice([status.value for status in Status]),
    multiple=True,
    help="Only jobs in this state; may be given again.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="Default: a table on a terminal, jsonl elsewhere.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@ends_cleanly
def jobs(*, manifest: Path, wanted: tuple[str, ...], form: str | None, as_json: bool) -> int:
    """List the manifest's jobs, a row each: state, tries, credits, files, what went wrong."""
    found = job_rows(load(manifest))
    rows = (row for row in found if not wanted or row.status in wanted)
    if as_json:
        json.dump([as_json_row(row) for row in rows], sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return 0
    match form or ("table" if sys.stdout.isatty() else "jsonl"):
        case "jsonl":
            for row in rows:
                sys.stdout.write(json.dumps(as_json_row(row), ensure_ascii=False) + "\n")
        case "csv":
            _print_csv(rows)
        case _:
            _print_table(rows)
    return 0


def as_json_row(row: JobRow) -> dict[str, Any]:
    """Give a row as `jobs --format jsonl` prints it; the result is the job's main file."""
    result = next((each for each in row.files if each.role == "result"), None)
    return {
        "id": row.id,
        "status": row.status,
        "attempts": row.attempts,
        "credits": row.credits / MICRO,
        "request_id": row.request_id,
        "result": result and result.path,
        "sha256": result and result.sha256,
        "bytes": result and result.bytes,
        "files": [asdict(each) for each in row.files],
        "error": row.error and asdict(row.error),
    }


def _print_csv(rows: Iterable[JobRow]) -> None:
    out = csv.DictWriter(sys.stdout, _COLUMNS, extrasaction="ignore")
    out.writeheader()
    for row in rows:
        error = row.error
        out.writerow(
            as_json_row(row)
            | {"error_kind": error and error.kind, "error_message": error and error.message}
        )


def _print_table(rows: Iterable[JobRow]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", overflow="fold")
    table.add_column("status", no_wrap=True)
    table.add_column("tries", justify="right")
    table.add_column("credits", justify="right", no_wrap=True)
    table.add_column("result, or what went wrong", overflow="fold")
    for row in rows:
        result = next((each.path for each in row.files if each.role == "result"), "")
        said = safe(result if row.error is None else row.error.message)
        table.add_row(
            row.id,
            Text(row.status, style=STYLES[row.status]),
            str(row.attempts),
            credits_text(row.credits) if row.credits else "",
            Text(said),
        )
    Printer().print(table)
