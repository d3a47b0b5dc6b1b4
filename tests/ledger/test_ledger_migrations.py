"""Ledgers of earlier versions, written by the programs of their time, are taken over whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ledger_parts import opened

from pipeline.ledger import reading
from pipeline.ledger.connection import VERSION, connect
from pipeline.ledger.statements import MIGRATIONS
from pipeline.model import Status

OLD = sorted(Path(__file__).parent.glob("version-*.sql"))


def restored(dump: Path, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump.read_text())
    return path


def columns(path: Path) -> dict[str, set[str]]:
    with closing(connect(path)) as db:
        tables = [row["name"] for row in db.execute("SELECT name FROM pragma_table_list")]
        return {
            table: {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
            for table in tables
            if table != "legal_move"
        }


def test_a_ledger_of_each_earlier_version_is_kept() -> None:
    assert [path.stem for path in OLD] == [f"version-{each}" for each in range(1, VERSION)]
    assert sorted(MIGRATIONS) == list(range(2, VERSION + 1))


@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
def test_an_earlier_ledger_becomes_what_a_new_one_is(tmp_path: Path, dump: Path) -> None:
    path = restored(dump, tmp_path / "old.sqlite")
    assert columns(path) == columns(tmp_path / "new.sqlite")
    with closing(connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION


@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
def test_what_an_earlier_ledger_says_stays_true(tmp_path: Path, dump: Path) -> None:
    path = restored(dump, tmp_path / "ledger.sqlite")
    ids = ["j000", "j001", "j002", "j003", "j004"]
    with reading(path, "../catalogue.yaml") as reader:  # before anything has migrated it
        before, money = list(reader.rows(ids)), reader.money()
    connect(path).close()
    with reading(path, "../catalogue.yaml") as reader:
        assert list(reader.rows(ids)) == before
        assert reader.money() == money
    assert [row.status for row in before] == [
        Status.SUCCEEDED,
        Status.UNKNOWN,
        Status.SUCCEEDED,
        Status.FAILED,
        Status.SUCCEEDED,
    ]
    assert money.unsettled == 65_000
    assert money.spent == sum(row.credits for row in before) > 0


@pytest.mark.anyio
@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
async def test_a_lost_answer_of_an_earlier_version_stays_unknown(
    tmp_path: Path, dump: Path
) -> None:
    restored(dump, tmp_path / "ledger.sqlite")
    async with opened(tmp_path / "ledger.sqlite", provider="emulator") as parts:
        [unknown] = await parts.lookup.unknown()
    assert unknown.id == "j001"
    # what was sent was not written down at first
    assert (unknown.asked.parameters is None) is (dump.stem == "version-1")
