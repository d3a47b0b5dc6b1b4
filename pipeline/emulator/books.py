"""The account and every request, on disk, so that a restart goes on where the last run ended."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

Status = Literal["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "REFUSED"]


class BooksInUseError(Exception):
    """Another local API keeps these books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request as the books tell it; the columns of `request` in schema.sql."""

    id: str
    version: int
    received_at: float
    status: Status
    http: int | None = None
    params: str | None = None
    image_sha256: str | None = None
    body_sha256: str | None = None
    price_micro: int = 0
    milliseconds: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    billed_micro: int = 0
    remaining_micro: int | None = None
    result: str | None = None
    error: str | None = None


_COLUMNS = ", ".join(field.name for field in fields(Entry))
_PLACES = ", ".join("?" for _ in fields(Entry))
_OPEN = "status IN ('QUEUED', 'PROCESSING')"


@dataclass(frozen=True, slots=True)
class Pictures:
    """The encoded pictures of a request, as they came."""

    image: bytes
    mask: bytes | None


class Books:
    """One connection, used from one thread: a statement takes tens of microseconds.

    A power cut may lose the last requests (`synchronous=NORMAL`), never the books.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._sql = connection
        self.results = folder / "files"

    @classmethod
    @contextmanager
    def open(cls, folder: Path, credits_micro: int) -> Iterator[Self]:
        """Keep the books in `folder`; new ones open with `credits_micro`.

        Raises BooksInUseError where another process holds them, OSError where the folder cannot
        be made.
        """
        (folder / "files").mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / "books.sqlite", timeout=0, isolation_level=None)
        try:
            _prepare(connection, credits_micro)
            yield cls(connection, folder)
        finally:
            connection.close()

    @property
    def balance(self) -> int:
        """What the account holds, in micro-credits; what is held back is still in it."""
        return self._number("SELECT balance_micro FROM account")

    @property
    def held(self) -> int:
        """What the open requests will be billed, in micro-credits."""
        return self._number(f"SELECT coalesce(sum(price_micro), 0) FROM request WHERE {_OPEN}")  # noqa: S608  a constant

    @property
    def spent(self) -> int:
        """What was billed so far, in micro-credits."""
        return self._number("SELECT coalesce(sum(billed_micro), 0) FROM request")

    @property
    def last_ordinal(self) -> int:
        """How many submits there were."""
        return self._number("SELECT coalesce(max(ordinal), 0) FROM request")

    @property
    def port(self) -> int:
        """The port of the last run, 0 where there was none."""
        return self._number("SELECT coalesce(port, 0) FROM account")

    @port.setter
    def port(self, port: int) -> None:
        self._sql.execute("UPDATE account SET port = ?", (port,))

    def top_up(self, amount: int) -> None:
        """Add micro-credits to the account."""
        self._sql.execute("UPDATE account SET balance_micro = balance_micro + ?", (amount,))

    def add(self, entry: Entry, pictures: Pictures | None = None) -> None:
        """Enter a request; an open one with its pictures."""
        insert = f"INSERT INTO request ({_COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  constants
        with self._transaction():
            self._sql.execute(insert, astuple(entry))
            if pictures is not None:
                row = (entry.id, pictures.image, pictures.mask)
                self._sql.execute("INSERT INTO picture VALUES (?, ?, ?)", row)

    def start(self, request_id: str, at: float) -> None:
        """Note that a worker took the request up."""
        change = "UPDATE request SET status = 'PROCESSING', started_at = ? WHERE id = ?"
        self._sql.execute(change, (at, request_id))

    def complete(self, request_id: str, at: float, result: str) -> None:
        """Bill the request and name its result file, in one step."""
        with self._transaction():
            self._sql.execute(
                "UPDATE account SET balance_micro = balance_micro"
                " - (SELECT price_micro FROM request WHERE id = ?)",
                (request_id,),
            )
            self._sql.execute(
                "UPDATE request SET status = 'COMPLETED', http = 200, finished_at = ?, result = ?,"
                " billed_micro = price_micro,"
                " remaining_micro = (SELECT balance_micro FROM account) WHERE id = ?",
                (at, result, request_id),
            )
            self._forget_pictures(request_id)

    def fail(self, request_id: str, at: float, error: str) -> None:
        """Close the request unbilled: 500 where its submit has no answer yet."""
        with self._transaction():
            self._sql.execute(
                "UPDATE request SET status = 'FAILED', http = coalesce(http, 500),"
                " finished_at = ?, error = ? WHERE id = ?",
                (at, error, request_id),
            )
            self._forget_pictures(request_id)

    def find(self, request_id: str) -> Entry | None:
        """Look a request up."""
        rows = self._entries("WHERE id = ?", request_id)
        return rows[0] if rows else None

    def unfinished(self) -> list[Entry]:
        """Give the open requests, oldest first."""
        return self._entries(f"WHERE {_OPEN} ORDER BY ordinal")

    def latest(self, limit: int) -> list[Entry]:
        """Give the last requests, newest first."""
        return self._entries("ORDER BY ordinal DESC LIMIT ?", limit)

    def tally(self) -> dict[int, int]:
        """Count the answered requests by HTTP status."""
        count = "SELECT http, count(*) FROM request WHERE http IS NOT NULL GROUP BY http"
        return dict(self._sql.execute(count).fetchall())

    def pictures(self, request_id: str) -> Pictures:
        """Give the pictures of an open request."""
        select = "SELECT image, mask FROM picture WHERE id = ?"
        return Pictures(*self._sql.execute(select, (request_id,)).fetchone())

    def _entries(self, condition: str, *values: object) -> list[Entry]:
        names = [field.name for field in fields(Entry)]
        rows = self._sql.execute(f"SELECT {_COLUMNS} FROM request {condition}", values)  # noqa: S608
        return [Entry(**dict(zip(names, row, strict=True))) for row in rows]

    def _number(self, select: str) -> int:
        return int(self._sql.execute(select).fetchone()[0])

    def _forget_pictures(self, request_id: str) -> None:
        self._sql.execute("DELETE FROM picture WHERE id = ?", (request_id,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._sql.execute("BEGIN IMMEDIATE")
        with self._sql:  # commits, or rolls back and lets the error through
            yield


def _prepare(connection: sqlite3.Connection, credits_micro: int) -> None:
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(files(__package__).joinpath("schema.sql").read_text())
        opening = "INSERT OR IGNORE INTO account (only, balance_micro) VALUES (1, ?)"
        connection.execute(opening, (credits_micro,))
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BooksInUseError("another local API keeps these books: stop it first") from None
