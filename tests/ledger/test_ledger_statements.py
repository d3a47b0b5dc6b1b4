from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from pipeline.ledger.connection import connect
from pipeline.ledger.statements import SQL

if TYPE_CHECKING:
    from pathlib import Path


FOR_EACH_JOB = (
    "attempt_billed",
    "file_at",
    "files_clear",
    "files_of",
    "files_placed",
    "finished",
    "known",
    "manifests",
    "move",
    "move_sent",
    "move_twin",
    "purchase",
    "registered",
    "reread",
    "rows",
    "is_clear",
    "standing",
    "ticket_status",
    "tickets",
    "twins",
    "unsettled",
    "waiting",
)


def explained(path: Path, name: str) -> list[str]:
    """Give SQLite's plan for a statement; it compiles it against the schema for that."""
    bound = dict.fromkeys(re.findall(r":(\w+)", SQL[name]), "0")
    with closing(connect(path)) as db:
        return [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", bound)]


def test_every_statement_of_the_file_has_a_name_of_its_own() -> None:
    text = files("pipeline.ledger").joinpath("queries.sql").read_text(encoding="utf-8")
    assert text.count("-- name:") - 1 == len(SQL)  # the first stands in the file's own heading
    assert all(sqlite3.complete_statement(body) for body in SQL.values())


@pytest.mark.parametrize("name", SQL)
def test_a_statement_is_understood_by_the_schema(tmp_path: Path, name: str) -> None:
    explained(tmp_path / "l.sqlite", name)


@pytest.mark.parametrize("name", FOR_EACH_JOB)
def test_what_is_asked_for_each_job_never_reads_a_whole_table(tmp_path: Path, name: str) -> None:
    plan = explained(tmp_path / "l.sqlite", name)
    tables = ("job", "ticket", "attempt", "file")
    scans = [step for step in plan if step.startswith(tuple(f"SCAN {each}" for each in tables))]
    assert [step for step in scans if "attempt_by_state" not in step] == []


def test_a_page_of_waiting_jobs_is_found_by_a_seek(tmp_path: Path) -> None:
    plan = explained(tmp_path / "l.sqlite", "waiting")
    assert "(rank,position)>(?,?)" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)
