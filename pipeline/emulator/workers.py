"""The workers and the queue before them: first come, first served."""

import logging
import math
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import cv2

from .books import Books
from .entry import Entry, Pictures
from .faults import FAILURES
from .making import make
from .modelling.sculpt import NothingToModelError
from .settings import Settings
from .wire import Parameters

_log = logging.getLogger(__name__)
_BROKEN = "Server had some issue with processing"


class Workers:
    """Run what was admitted to its end, whoever still waits for it."""

    def __init__(self, settings: Settings, books: Books, now: Callable[[], float]) -> None:
        self._settings = settings
        self._books = books
        self._now = now
        self._queue, self._next = anyio.create_memory_object_stream[Entry](math.inf)
        self._finished: dict[str, anyio.Event] = {}
        self.peak = 0

    @property
    def in_flight(self) -> int:
        """How many requests are queued or being worked on."""
        return len(self._finished)

    def enqueue(self, entry: Entry) -> anyio.Event:
        """Put an open request behind the others; the event tells that it finished."""
        event = self._finished[entry.id] = anyio.Event()
        self.peak = max(self.peak, self.in_flight)
        self._queue.send_nowait(entry)
        return event

    def resume(self) -> None:
        """Go on with what a stop left open: nobody can fetch a blocking call's result any more."""
        for entry in self._books.unfinished():
            if entry.version == 1:
                self._books.give_up(entry.id, self._now(), "the local API was stopped meanwhile")
            else:
                self.enqueue(entry)

    async def run(self, limiter: anyio.CapacityLimiter) -> None:
        """Work until cancelled, computing in threads of `limiter`. Raises schema.BooksError."""
        with self._queue, self._next:
            async with anyio.create_task_group() as group:
                for _ in range(self._settings.workers):
                    group.start_soon(self._work, limiter)

    async def _work(self, limiter: anyio.CapacityLimiter) -> None:
        async for entry in self._next:
            self._books.start(entry.id, self._now())
            end = anyio.current_time() + entry.milliseconds / 1000 / self._settings.speed
            pictures = self._books.pictures(entry.id)
            outcome = await anyio.to_thread.run_sync(
                _outcome, entry, pictures, self._books.results, limiter=limiter
            )
            await anyio.sleep_until(end)
            match outcome:
                case dict():
                    self._books.complete(entry.id, self._now(), outcome)
                case str():
                    billed = entry.fault == "failed-billed"
                    self._books.fail(entry.id, self._now(), outcome, billed=billed)
            self._finished.pop(entry.id).set()


def _outcome(entry: Entry, pictures: Pictures, folder: Path) -> dict[str, str] | str:
    """Give the files of the request by their roles, or say why there are none."""
    if entry.fault in FAILURES:
        return _BROKEN
    try:
        asked = Parameters.from_text(entry.params or "{}")
        return make(asked, pictures, entry.shape or "", folder)
    except NothingToModelError as reason:
        return str(reason)
    except (OSError, ValueError, ArithmeticError, MemoryError, cv2.error) as problem:
        _log.warning("request %s failed: %r", entry.id, problem)
        return _BROKEN
