"""What a stored file is, and what stands under the names that it wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats import HEAD_BYTES, Summary, sniff, verify_open
from pipeline.perform.naming import sidecar
from pipeline.store import drop_pages, fails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ledger import Stored
    from pipeline.store import Store

LARGE = 1 << 18
"""Bytes; less is worth no other thread, and no three calls to let the kernel forget it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is, the name it is to get by that, and what has such names already."""

    summary: Summary | FormatError
    ending: str
    wanted: str
    is_taken: bool
    has_sidecar: bool


def look_at_all(store: Store, stem: str, files: Sequence[Stored]) -> list[Look]:
    """Look at files whose result's path, but for the ending, is `stem`. Blocks.

    Raises StoreError for one that cannot be read.
    """
    looks = []
    for each in files:
        try:
            looks.append(_look(store, stem, each))
        except OSError as error:
            raise fails(each.artifact.path, error) from error
    return looks


def _look(store: Store, stem: str, file: Stored) -> Look:
    path, role = file.temporary or file.artifact.path, file.artifact.role
    middle = "" if role == "result" else f".{role}"
    summary, suffix = _verified(store, path)
    ending = f"{middle}.{suffix}"
    if file.artifact.bytes >= LARGE:
        drop_pages(store.path(path))
    wanted = file.artifact.path if file.placed else f"{stem}{ending}"
    there = [store.path(name).exists() for name in (wanted, sidecar(wanted))]
    return Look(summary, ending, wanted, *there)


def _verified(store: Store, path: str) -> tuple[Summary | FormatError, str]:
    """Give what a file is found to be, and the ending of its name that tells it."""
    file, size = store.opened(path)
    with file:
        try:
            summary = verify_open(file, size)
        except FormatError as error:
            file.seek(0)
            return error, f"bad.{sniff(file.read(HEAD_BYTES)) or 'bin'}"
    return summary, str(summary.format)
