from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import LedgerError
from pipeline.ledger.connection import VERSION, connect, connect_reading
from pipeline.model import TRANSITIONS, Status

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [pair for pair in product(Status, Status) if pair[0] is not pair[1]]
LEGAL = [(before, after) for before, after in PAIRS if after in TRANSITIONS[before]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]


def updated_by_sql(path: Path, before: Status, after: Status) -> str:
    with closing(connect(path)) as db:
        db.execute(
            "INSERT INTO ticket (id, fingerprint, spec, status, changed_at, changed_run)"
            " VALUES ('mug', 'f', '{}', ?, '', 1)",
            (before,),
        )
        try:
            db.execute("UPDATE ticket SET status = ? WHERE id = 'mug'", (after,))
        finally:
            status: str = db.execute("SELECT status FROM ticket").fetchone()[0]
        return status


@pytest.mark.parametrize(("before", "after"), LEGAL)
def test_sql_may_move_a_ticket_along_the_state_table(
    tmp_path: Path, before: Status, after: Status
) -> None:
    assert updated_by_sql(tmp_path / "l.sqlite", before, after) == after


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_sql_may_not_move_a_ticket_off_the_state_table(
    tmp_path: Path, before: Status, after: Status
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="illegal move"):
        updated_by_sql(tmp_path / "l.sqlite", before, after)


def test_a_commit_is_synced_before_it_returns(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "l.sqlite")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    path.touch()
    connect(path).close()
    with closing(connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION


def test_a_newer_ledger_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with closing(connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    for opening in (connect, connect_reading):
        with pytest.raises(LedgerError, match=r"newer catalog3d .* update catalog3d"):
            opening(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, VERSION, VERSION + 1])
def test_a_database_of_something_else_is_refused_and_not_touched(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "photos.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"CREATE TABLE photo (name TEXT); PRAGMA user_version = {version};")
    before = path.read_bytes()
    for opening in (connect, connect_reading):
        with pytest.raises(LedgerError, match="no ledger of catalog3d"):
            opening(path)
    assert path.read_bytes() == before


def test_garbage_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"id,status\nmug,succeeded\n" * 100)
    before = path.read_bytes()
    for opening in (connect, connect_reading):
        with pytest.raises(LedgerError, match="not a ledger that can be used"):
            opening(path)
    assert path.read_bytes() == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    for opening in (connect, connect_reading):
        with pytest.raises(LedgerError, match="ledger cannot be opened"):
            opening(tmp_path)


def test_a_reading_connection_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "l #1?.sqlite"
    connect(path).close()
    with (
        closing(connect_reading(path)) as db,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        db.execute("DELETE FROM ticket")
