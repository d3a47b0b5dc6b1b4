"""The database of the books, opened by one local API at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

_VERSION = 2  # the user_version of schema.sql


class BooksError(Exception):
    """These books cannot be kept: another keeps them or made them otherwise, or the disk fails."""


@contextmanager
def typed() -> Iterator[None]:
    """Turn SQLite's errors into BooksError."""
    try:
        yield
    except sqlite3.Error as problem:
        if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise BooksError("another local API keeps these books: stop it first") from None
        raise BooksError(f"the books cannot be kept: {problem}") from problem


def connect(path: Path, credits_micro: int) -> sqlite3.Connection:
    """Open or make the database; a new account holds `credits_micro`. Raises BooksError."""
    with typed(), ExitStack() as stack:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        stack.callback(connection.close)
        _prepare(connection, credits_micro)
        stack.pop_all()
    return connection


def _prepare(connection: sqlite3.Connection, credits_micro: int) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables and version != _VERSION:
        raise BooksError("another version made these books: give an empty folder")
    connection.executescript(files(__package__).joinpath("schema.sql").read_text())
    opening = "INSERT OR IGNORE INTO account (only, balance_micro) VALUES (1, ?)"
    connection.execute(opening, (credits_micro,))
