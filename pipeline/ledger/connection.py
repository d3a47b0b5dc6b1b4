"""SQLite, set up so that what is committed survives, and so that only legal moves are made."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from pipeline.errors import LedgerError
from pipeline.ledger.statements import MIGRATIONS, SCHEMA
from pipeline.model import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = 3
"""The schema this program reads and writes (`PRAGMA user_version`)."""

_BUSY_SECONDS = 30.0

_LEGAL_MOVES = """
CREATE TEMP TABLE legal_move (previous TEXT, next TEXT, PRIMARY KEY (previous, next)) WITHOUT ROWID;
CREATE TEMP TRIGGER only_legal_moves BEFORE UPDATE OF status ON main.ticket
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM legal_move WHERE previous = OLD.status AND next = NEW.status)
BEGIN SELECT RAISE(ABORT, 'illegal move'); END;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open a ledger to write, making it where there is none; its folder is there (`hold` makes it).

    WAL with `synchronous=FULL`: a commit returns after its fsync. The state table of the model is
    given to SQLite as a trigger, so that no statement can move a ticket off it.
    """
    return _opened(path, _prepare, path, isolation_level=None, check_same_thread=False)


def connect_reading(path: Path) -> sqlite3.Connection:
    """Open a ledger to read only, also while a run holds it."""
    return _opened(path, check, f"{path.absolute().as_uri()}?mode=ro", uri=True)


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell whether a file is a ledger already; an empty one is not one yet.

    Raises LedgerError for a database of something else, and for one of a newer version.
    """
    tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_schema")}
    if tables and not tables >= {"job", "ticket", "attempt"}:
        raise LedgerError(
            f"{path}: a database, but no ledger of catalog3d; state another output.ledger, "
            "nothing was changed"
        )
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise LedgerError(
            f"{path}: written by a newer catalog3d (ledger version {version}, this one knows "
            f"{VERSION}); update catalog3d, nothing was changed"
        )
    if tables and version < 1:
        raise LedgerError(f"{path}: a ledger without a version; restore it from a copy")
    return bool(tables)


def _missing(connection: sqlite3.Connection, *, exists: bool) -> str:
    """Give what makes a file a ledger of the present version; "" where it is one."""
    if not exists:
        return SCHEMA
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    steps = [MIGRATIONS[each] for each in range(version + 1, VERSION + 1)]
    return "\n".join([*steps, f"PRAGMA user_version = {VERSION};"]) if steps else ""


def _opened(
    path: Path,
    prepare: Callable[[sqlite3.Connection, Path], object],
    database: Path | str,
    **options: Any,
) -> sqlite3.Connection:
    try:
        connection: sqlite3.Connection = sqlite3.connect(database, timeout=_BUSY_SECONDS, **options)
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: the ledger cannot be opened ({error})") from error
    connection.row_factory = sqlite3.Row
    try:
        prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise LedgerError(f"{path}: this is not a ledger that can be used ({error})") from error
    except LedgerError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    exists = check(connection, path)
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise LedgerError(f"{path}: no write-ahead log here; put output.ledger on a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.executescript(f"BEGIN IMMEDIATE; {_missing(connection, exists=exists)} COMMIT;")
    connection.executescript(_LEGAL_MOVES)
    connection.executemany(
        "INSERT INTO legal_move VALUES (?, ?)",
        [(before, after) for before, afters in TRANSITIONS.items() for after in afters],
    )
