"""One thread that owns the ledger's connection and commits whatever waits, together."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import asynccontextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from pipeline.errors import IllegalMoveError, LedgerError
from pipeline.ledger.connection import connect, connect_reading
from pipeline.threads import Post, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

T = TypeVar("T")

_BATCH = 512
"""The most one transaction takes: a bound on how long the first of them waits."""


class Writer:
    """Hands work to the thread, and returns when it is durable.

    Group commit: one fsync serves every request that came while the last one was under way. A
    request that fails is rolled back alone: its batch is then done over, each within a savepoint,
    so what is asked for may run twice, and the first time counts for nothing. When a commit fails,
    nothing is written any more: every later request raises LedgerError, so that nothing is sent
    unjournaled. What takes no more than a few rows is asked at once, through a connection of its
    own that only reads. `folder` is the one that the ledger stands in.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self._connection = connect(path)
        try:
            self._reading = connect_reading(path)
        except LedgerError:
            self._connection.close()
            raise
        self._post = Post()
        self._inbox: SimpleQueue[Request[Any] | None] = SimpleQueue()
        self._broken: LedgerError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="ledger-writer")

    @property
    def broken(self) -> LedgerError | None:
        """Why nothing can be journaled any more, once that is so."""
        return self._broken

    async def __call__(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in a transaction; return its result once it is on disk.

        Not cut short by a cancelled scope: whoever asked learns what happened. Raises LedgerError
        where it cannot be on disk, and whatever the work itself raised.
        """
        return await self.begin(work).outcome()

    def begin(self, work: Callable[[sqlite3.Connection], T]) -> Request[T]:
        """Ask for the same, and go on: its outcome is for later. Raises LedgerError once closed."""
        if self._closed:
            raise LedgerError("the ledger is closed: nothing more is written in this run")
        request = Request(work)
        self._inbox.put(request)
        return request

    def look(self, statement: str, bound: Mapping[str, Any]) -> list[sqlite3.Row]:
        """Run a small query in the caller's thread; it sees all that was returned from.

        A write-ahead log lets readers and the writer pass each other. Raises LedgerError.
        """
        if self._broken is not None:
            raise LedgerError(self._broken.message)
        try:
            return self._reading.execute(statement, bound).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger cannot be read ({error})") from error

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def close(self) -> None:
        """Commit what waits, end the thread, close the file."""
        self._closed = True
        self._reading.close()  # the last to close tidies the log up, and has to be able to write
        self._inbox.put(None)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._thread.join)

    def _serve(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._gather()
            if not batch:
                continue
            self._commit(batch)
            self._post.send(*batch)
        self._connection.close()

    def _gather(self) -> tuple[list[Request[Any]], bool]:
        batch: list[Request[Any]] = []
        item = self._inbox.get()
        while item is not None:
            batch.append(item)
            if len(batch) == _BATCH:
                return batch, True
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: list[Request[Any]]) -> None:
        try:
            if self._broken is None:
                self._transact(batch)
        except (sqlite3.Error, MemoryError) as error:
            self._broken = LedgerError(
                f"the ledger cannot be written ({error}); nothing more is sent"
            )
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        if self._broken is not None:
            for request in batch:
                request.error = LedgerError(self._broken.message)

    def _transact(self, batch: list[Request[Any]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        if not self._all_at_once(batch):
            self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN IMMEDIATE")
            for request in batch:
                self._apart(request)
        self._connection.execute("COMMIT")

    def _all_at_once(self, batch: list[Request[Any]]) -> bool:
        """Do what nearly always goes well without savepoints, a third of all statements."""
        try:
            for request in batch:
                request.result = request.work(self._connection)
        except sqlite3.IntegrityError:
            return False
        except (sqlite3.Error, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - met again where each is done apart
            return False
        return True

    def _apart(self, request: Request[Any]) -> None:
        self._connection.execute("SAVEPOINT request")
        try:
            request.result = request.work(self._connection)
        except sqlite3.IntegrityError as error:
            request.error = IllegalMoveError(f"the ledger refuses this step ({error})")
            self._connection.execute("ROLLBACK TO request")
        except (sqlite3.Error, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the work was asked for
            request.error = error
            self._connection.execute("ROLLBACK TO request")
        self._connection.execute("RELEASE request")


@asynccontextmanager
async def writing(path: Path) -> AsyncIterator[Writer]:
    """Open the ledger for writing, for the length of a run.

    Raises LedgerError where it cannot be opened.
    """
    writer = Writer(path)
    writer.start()
    try:
        yield writer
    finally:
        await writer.close()
