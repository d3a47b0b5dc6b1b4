"""Where a manifest's jobs stand, by what the ledger says."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.batch.reading import ledger_name
from pipeline.ledger import JobRow, Money, Pressure, is_held, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.manifest import Manifest
    from pipeline.model import Status

_BATCH = 500


def standing_jobs(manifest: Manifest) -> Counter[Status]:
    """Count the manifest's jobs by state; one that no run has read yet is pending."""
    counted: Counter[Status] = Counter()
    with reading(manifest.ledger_path, ledger_name(manifest)) as reader:
        for ids in _ids(manifest):
            counted += reader.tally(ids)
    return counted


def standing_money(manifest: Manifest) -> Money:
    """Give the ledger's money."""
    with reading(manifest.ledger_path, ledger_name(manifest)) as reader:
        return reader.money()


def is_running(manifest: Manifest) -> bool:
    """Tell whether a run holds the manifest's ledger just now."""
    return is_held(manifest.ledger_path)


def standing_pressure(manifest: Manifest) -> Pressure | None:
    """Give how hard the last run pressed the API."""
    with reading(manifest.ledger_path, ledger_name(manifest)) as reader:
        return reader.pressure()


def job_rows(manifest: Manifest) -> Iterator[JobRow]:
    """Give a row for each of the manifest's jobs, in its order."""
    with reading(manifest.ledger_path, ledger_name(manifest)) as reader:
        for ids in _ids(manifest):
            yield from reader.rows(ids)


def _ids(manifest: Manifest) -> Iterator[list[str]]:
    ids = manifest.ids()
    while batch := list(islice(ids, _BATCH)):
        yield batch
