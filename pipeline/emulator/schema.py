"""The database of the books, opened by one local API at a time."""

import sqlite3
from importlib.resources import files
from pathlib import Path

_VERSION = 2  # the user_version of schema.sql


class BooksError(Exception):
    """These books cannot be kept: another local API keeps them, or another version made them."""


def connect(path: Path, credits_micro: int) -> sqlite3.Connection:
    """Open or make the database; a new account holds `credits_micro`. Raises BooksError."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        _prepare(connection, credits_micro)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, credits_micro: int) -> None:
    try:
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
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BooksError("another local API keeps these books: stop it first") from None
