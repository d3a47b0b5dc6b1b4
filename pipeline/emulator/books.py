"""The account and every request, on disk, so that a restart goes on where the last run ended."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, Self

from .entry import COLUMNS, NO_ANSWER, Entry, Pictures
from .schema import connect, typed

_COLUMNS = ", ".join(COLUMNS)
_OPEN = "status IN ('QUEUED', 'PROCESSING')"


class Books:
    """One connection, used from one thread: a statement takes tens of microseconds.

    A power cut may lose the last requests (`synchronous=NORMAL`), never the books. Every method
    raises schema.BooksError where SQLite cannot do it.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._sql = connection
        self.results = folder / "files"
        self.bodies = folder / "bodies"

    @classmethod
    @contextmanager
    def open(cls, folder: Path, credits_micro: int) -> Iterator[Self]:
        """Keep the books in `folder`; new ones open with `credits_micro`.

        Raises schema.BooksError where they cannot be kept, OSError where the folder cannot be
        made.
        """
        for name in ("files", "bodies"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        with closing(connect(folder / "books.sqlite", credits_micro)) as connection:
            yield cls(connection, folder)

    @property
    def balance(self) -> int:
        """What the account holds, in micro-credits; what is held back is still in it."""
        return self.number("SELECT balance_micro FROM account")

    @property
    def held(self) -> int:
        """What the open requests will be billed, in micro-credits."""
        return self.number(f"SELECT coalesce(sum(price_micro), 0) FROM request WHERE {_OPEN}")  # noqa: S608  a constant

    @property
    def spent(self) -> int:
        """What was billed so far, in micro-credits."""
        return self.number("SELECT coalesce(sum(billed_micro), 0) FROM request")

    @property
    def submits(self) -> int:
        """How many submits the books hold."""
        return self.number("SELECT count(*) FROM request")

    @property
    def last_ordinal(self) -> int:
        """The number of the last submit, 0 where there was none."""
        return self.number("SELECT coalesce(max(ordinal), 0) FROM request")

    @property
    def port(self) -> int:
        """The port of the last run, 0 where there was none."""
        return self.number("SELECT coalesce(port, 0) FROM account")

    @port.setter
    def port(self, port: int) -> None:
        self._change("UPDATE account SET port = ?", port)

    def top_up(self, amount: int) -> None:
        """Add micro-credits to the account."""
        self._change("UPDATE account SET balance_micro = balance_micro + ?", amount)

    def add(self, entry: Entry, pictures: Pictures | None = None) -> None:
        """Enter a request; an open one with its pictures."""
        places = ", ".join("?" for _ in COLUMNS)
        with self._transaction():
            self._change(f"INSERT INTO request ({_COLUMNS}) VALUES ({places})", *astuple(entry))  # noqa: S608  constants
            if pictures is not None:
                row = (entry.id, pictures.image, pictures.mask)
                self._change("INSERT INTO picture VALUES (?, ?, ?)", *row)

    def start(self, request_id: str, at: float) -> None:
        """Note that a worker took the request up."""
        change = "UPDATE request SET status = 'PROCESSING', started_at = ? WHERE id = ?"
        self._change(change, at, request_id)

    def complete(self, request_id: str, at: float, made: Mapping[str, str]) -> None:
        """Bill the request and enter its files, by their roles, in one step."""
        with self._transaction():
            for role, name in made.items():
                self._change("INSERT INTO file VALUES (?, ?, ?, ?)", name, request_id, role, at)
            self._bill(request_id)
            self._close(request_id, "COMPLETED", 200, at, None)

    def fail(self, request_id: str, at: float, error: str, *, billed: bool = False) -> None:
        """Close the request with an error: 500 where its submit has no answer yet."""
        with self._transaction():
            if billed:
                self._bill(request_id)
            self._close(request_id, "FAILED", 500, at, error)

    def give_up(self, request_id: str, at: float, error: str) -> None:
        """Close a request whose caller is gone, unanswered and unbilled."""
        with self._transaction():
            self._change("UPDATE request SET http = ? WHERE id = ?", NO_ANSWER, request_id)
            self._close(request_id, "FAILED", NO_ANSWER, at, error)

    def find(self, request_id: str) -> Entry | None:
        """Look a request up."""
        rows = self.entries("WHERE id = ?", (request_id,))
        return rows[0] if rows else None

    def unfinished(self) -> list[Entry]:
        """Give the open requests, oldest first."""
        return self.entries(f"WHERE {_OPEN} ORDER BY ordinal")

    def latest(self, limit: int) -> list[Entry]:
        """Give the last requests, newest first."""
        return self.entries("ORDER BY ordinal DESC LIMIT ?", (limit,))

    def tally(self) -> dict[int, int]:
        """Count the answered requests by HTTP status."""
        count = "SELECT http, count(*) FROM request WHERE http IS NOT NULL GROUP BY http"
        return dict(self.rows(count))

    def pictures(self, request_id: str) -> Pictures:
        """Give the pictures of an open request."""
        select = "SELECT image, mask FROM picture WHERE id = ?"
        image, mask = self.rows(select, (request_id,))[0]
        return Pictures(image, mask)

    def keep(self, name: str, at: float) -> None:
        """Enter an uploaded file."""
        self._change("INSERT INTO file VALUES (?, NULL, 'upload', ?)", name, at)

    def files(self, request_id: str) -> dict[str, str]:
        """Give the names of a request's files by their roles, the outputs first."""
        select = "SELECT role, name FROM file WHERE request_id = ? ORDER BY rowid"
        return dict(self.rows(select, (request_id,)))

    def file_at(self, name: str) -> float | None:
        """Give the time a file was made, in Unix seconds; None: there is none of that name."""
        rows = self.rows("SELECT at FROM file WHERE name = ?", (name,))
        return float(rows[0][0]) if rows else None

    def entries(self, condition: str, values: tuple[object, ...] = ()) -> list[Entry]:
        """Select requests; `condition` is SQL of this package's own."""
        rows = self.rows(f"SELECT {_COLUMNS} FROM request {condition}", values)  # noqa: S608
        return [Entry(**dict(zip(COLUMNS, row, strict=True))) for row in rows]

    def number(self, select: str, values: tuple[object, ...] = ()) -> int:
        """Give the one number that a statement of this package's own selects."""
        return int(self.rows(select, values)[0][0])

    @typed()
    def rows(self, select: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a SELECT of this package's own."""
        return self._sql.execute(select, values).fetchall()

    def _bill(self, request_id: str) -> None:
        self._change(
            "UPDATE account SET balance_micro = balance_micro"
            " - (SELECT price_micro FROM request WHERE id = ?)",
            request_id,
        )
        self._change(
            "UPDATE request SET billed_micro = price_micro,"
            " remaining_micro = (SELECT balance_micro FROM account) WHERE id = ?",
            request_id,
        )

    def _close(self, request_id: str, status: str, http: int, at: float, error: str | None) -> None:
        self._change(
            "UPDATE request SET status = ?, http = coalesce(http, ?), finished_at = ?, error = ?"
            " WHERE id = ?",
            *(status, http, at, error, request_id),
        )
        self._change("DELETE FROM picture WHERE id = ?", request_id)

    @typed()
    def _change(self, statement: str, *values: object) -> None:
        self._sql.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._change("BEGIN IMMEDIATE")
        with typed(), self._sql:  # commits, or rolls back and lets the error through
            yield
