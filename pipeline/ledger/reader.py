"""What reading commands see of a ledger, also while a run holds it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import LedgerError
from pipeline.ledger.connection import check, connect_reading
from pipeline.ledger.owners import is_gone
from pipeline.ledger.rows import Pressure
from pipeline.ledger.statements import SQL
from pipeline.model import Artifact, Error, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Money:
    """The ledger's credits in micro-credits; `remaining` is None until an answer told it."""

    spent: int
    unsettled: int
    remaining: int | None


@dataclass(frozen=True, slots=True)
class JobRow:
    """Where one job stands. `credits` is the sum over all its attempts, for ever."""

    id: str
    status: Status
    attempts: int = 0
    credits: int = 0
    request_id: str | None = None
    files: tuple[Artifact, ...] = ()
    error: Error | None = None


class Known(NamedTuple):
    """What the ledger knows of an (id, fingerprint) before a run.

    `current` is the fingerprint that the id had last; `owner` the manifest that the id belongs to,
    None where that is free or its file is gone; `bought_by` another job's id that bought, or is
    buying, the same fingerprint (not looked for where this one succeeded); `bought_before` where
    the id has a paid result of whatever fingerprint. A tuple, because a plan asks for every job.
    """

    status: Status | None = None
    current: str | None = None
    owner: str | None = None
    bought_by: str | None = None
    bought_before: bool = False
    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed job: the fingerprint its manifest declares, and whether money was paid for it."""

    id: str
    declared: str
    billed: bool


class Reader:
    """Questions of reading commands; an absent ledger answers like an empty one."""

    def __init__(self, db: sqlite3.Connection | None, manifest: str, folder: Path) -> None:
        self._db = db
        self._manifest = manifest
        self._gone = set() if db is None else _gone(db, manifest, folder)

    def _of(self, ids: Sequence[str]) -> dict[str, str]:
        """Bind ids; they are the manifest's, or pass on to it when it runs."""
        manifests = [self._manifest, *self._gone]
        return {"ids": json.dumps(ids), "manifests": json.dumps(manifests)}

    def money(self) -> Money:
        """Give what was paid, what may have been, and the balance as last told."""
        if self._db is None:
            return Money(0, 0, None)
        sums = self._db.execute(SQL["money"]).fetchone()
        balance = self._db.execute(SQL["balance"]).fetchone()
        return Money(sums["spent"], sums["unsettled"], balance and balance["remaining"])

    def pressure(self) -> Pressure | None:
        """Give how hard the last run that bought pressed the API."""
        row = None if self._db is None else self._db.execute(SQL["pressure"]).fetchone()
        return None if row is None else Pressure(**json.loads(row["value"]))

    def rows(self, ids: Sequence[str]) -> Iterator[JobRow]:
        """Give a row for each id, in order; a job that no run has read is pending."""
        found = {row.id: row for row in self._found(ids)}
        for each in ids:
            yield found.get(each) or JobRow(each, Status.PENDING)

    def tally(self, ids: Sequence[str]) -> Counter[Status]:
        """Count the ids by state."""
        counted: Counter[Status] = Counter()
        if self._db is not None:
            for row in self._db.execute(SQL["tally_of"], self._of(ids)):
                counted[Status(row["status"])] = row["jobs"]
        counted[Status.PENDING] += len(ids) - counted.total()
        return counted

    def known(self, pairs: Sequence[tuple[str, str]]) -> list[Known]:
        """Give what is known of each (id, fingerprint), in order."""
        if self._db is None:
            return [Known()] * len(pairs)
        asked = json.dumps([f"{id_} {print_}" for id_, print_ in pairs])
        return [
            Known(
                status=row["status"] and Status(row["status"]),
                current=row["current"],
                owner=None if row["manifest"] in self._gone else row["manifest"],
                bought_by=row["bought_by"],
                bought_before=bool(row["bought_before"]),
                error=_error(row),
            )
            for row in self._db.execute(SQL["known"], {"pairs": asked})
        ]

    def overrides(self, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Give the seeds that `retry --seed` chose: id → (fingerprint it replaces, seed)."""
        if self._db is None:
            return {}
        rows = self._db.execute(SQL["overrides"], {"ids": json.dumps(ids)})
        return {row["id"]: (row["declared"], row["seed"]) for row in rows}

    def failed(self, only: Sequence[str] | None) -> list[Failed]:
        """Give the failed jobs, or those of `only` and their twins."""
        if self._db is None:
            return []
        bound = {"manifest": self._manifest, "only": None if only is None else json.dumps(only)}
        return [
            Failed(row["id"], row["declared"], bool(row["billed"]))
            for row in self._db.execute(SQL["failed"], bound)
        ]

    def _found(self, ids: Sequence[str]) -> Iterator[JobRow]:
        if self._db is None:
            return
        for row in self._db.execute(SQL["rows"], self._of(ids)):
            yield JobRow(
                id=row["id"],
                status=Status(row["status"]),
                attempts=row["attempts"],
                credits=row["credits"],
                request_id=row["request_id"],
                files=tuple(Artifact(**each) for each in json.loads(row["files"])),
                error=_error(row),
            )


def _error(row: sqlite3.Row) -> Error | None:
    return Error(row["error_kind"], row["error_message"]) if row["error_kind"] else None


@contextmanager
def reading(path: Path, manifest: str) -> Iterator[Reader]:
    """Open a ledger to read. Raises LedgerError where it is there and cannot be read."""
    if not path.exists():
        yield Reader(None, manifest, path.parent)
        return
    try:
        with closing(connect_reading(path)) as db:
            yield Reader(db if check(db, path) else None, manifest, path.parent)
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: the ledger cannot be read ({error})") from error


def _gone(db: sqlite3.Connection, manifest: str, folder: Path) -> set[str]:
    owners = (row["manifest"] for row in db.execute(SQL["manifests"]))
    return {each for each in owners if each != manifest and is_gone(folder, each)}
