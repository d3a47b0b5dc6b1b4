"""Runs against the local API with its faults, and what they leave."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalogue import KEY, LocalApi, write_manifest

from pipeline.batch import Summary, job_rows, run
from pipeline.ledger import JobRow
from pipeline.manifest import load
from pipeline.model import Event

FAST = ("--speed", "2000", "--workers", "16", "--credits", "50")


async def ran(
    folder: Path,
    service: LocalApi,
    version: str,
    jobs: int,
    *,
    on_event: Callable[[Event], None] = lambda _: None,
    **sections: Any,
) -> tuple[Summary, list[JobRow]]:
    """Run one call at a time, so that the n-th submit is the n-th job's."""
    urls = {"credits_url": service.urls["credits_url"], **sections.pop("api", {})}
    limits = {"concurrency": 1, "attempts": 1, **sections.pop("limits", {})}
    path = write_manifest(folder, jobs, service.urls[version], api=urls, limits=limits, **sections)
    manifest = load(path)
    summary = await run(manifest, key=KEY, on_event=on_event)
    return summary, list(job_rows(manifest))


def ending(row: JobRow) -> tuple[str, str | None]:
    """Give a job's state and the kind of its error."""
    return row.status.value, None if row.error is None else row.error.kind


def billed_by_job(api: LocalApi) -> list[bool]:
    """Whether each submit was billed, in the order in which they came."""
    return [each["billed_micro"] > 0 for each in reversed(api.books()["requests"])]


def on_disk(folder: Path, row: JobRow) -> list[str]:
    """Give the endings of a job's files, of the hidden ones too."""
    return sorted(path.suffix for path in (folder / "out").glob(f"*{row.id}*"))
