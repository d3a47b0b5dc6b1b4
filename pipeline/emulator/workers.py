"""The workers and the queue before them: first come, first served."""

import logging
import math
import secrets
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import cv2

from .books import Books, Entry, Pictures
from .modelling.sculpt import NothingToModelError, sculpt
from .settings import Settings
from .wire import Parameters

_log = logging.getLogger(__name__)


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
                self._books.fail(entry.id, self._now(), "the local API was stopped meanwhile")
            else:
                self.enqueue(entry)

    async def run(self, limiter: anyio.CapacityLimiter) -> None:
        """Work until cancelled, computing in threads of `limiter`."""
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
                _make, entry, pictures, self._books.results, limiter=limiter
            )
            await anyio.sleep_until(end)
            match outcome:
                case Path():
                    self._books.complete(entry.id, self._now(), outcome.name)
                case str():
                    self._books.fail(entry.id, self._now(), outcome)
            self._finished.pop(entry.id).set()


def _make(entry: Entry, pictures: Pictures, folder: Path) -> Path | str:
    """Write the model under a name that nobody can guess, or say why there is none."""
    asked = Parameters.from_text(entry.params or "{}")
    path = folder / f"{secrets.token_urlsafe(24)}.glb"
    try:
        glb = sculpt(
            pictures.image,
            pictures.mask,
            points=asked.points,
            box=asked.box,
            seed=asked.seed,
            prompt=asked.prompt,
        )
        path.write_bytes(glb)
    except NothingToModelError as reason:
        return str(reason)
    except (OSError, ValueError, ArithmeticError, MemoryError, cv2.error):
        _log.exception("request %s failed", entry.id)
        return "Server had some issue with processing"
    return path
