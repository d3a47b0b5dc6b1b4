"""Threads that are handed work, and tell of all that they have done at once."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

T = TypeVar("T")

_loop = asyncio.get_running_loop


class Hop(Protocol):
    """Runs blocking work in some thread, to its end; `anyio.to_thread.run_sync` is one."""

    async def __call__(self, work: Callable[..., T], /, *args: Any) -> T:
        """Give what the work gives, or raise what it raises."""
        ...


@dataclass(slots=True, eq=False)
class Request(Generic[T]):
    """Work for a thread, and what became of it once it is `done`."""

    work: Callable[..., T]
    done: asyncio.Future[None] = field(default_factory=lambda: _loop().create_future())
    result: T | None = None
    error: BaseException | None = None

    async def outcome(self) -> T:
        """Wait, whatever is cancelled meanwhile: whoever asked learns what happened."""
        with anyio.CancelScope(shield=True):
            await self.done
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # set whenever error is not


class Post:
    """Takes requests that threads have done back to the loop; one wake-up serves many."""

    def __init__(self) -> None:
        self._loop = _loop()
        self._lock = threading.Lock()
        self._done: list[Request[Any]] = []

    def send(self, *requests: Request[Any]) -> None:
        """Tell that these are done. For threads."""
        with self._lock:
            wakes = not self._done
            self._done += requests
        if wakes:
            # a loop that was torn down has nobody left to be told
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for request in done:
            if not request.done.done():  # a loop that is torn down cancels them
                request.done.set_result(None)


class Threads:
    """A few threads that take work in the order in which it came.

    anyio's own cost 110 µs of CPU a hop, nearly all of it for waking a thread and the loop for one
    piece of work; these, 60 µs alone and 5 to 10 where 16 hops are under way (2 cores, Python
    3.11).
    """

    def __init__(self, count: int) -> None:
        self._post = Post()
        self._inbox: SimpleQueue[Request[Any] | None] = SimpleQueue()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve) for _ in range(count)]

    async def __call__(self, work: Callable[..., T], /, *args: Any) -> T:
        """Run work in one of the threads, not cut short by a cancelled scope."""
        if self._closed:
            raise RuntimeError("the threads have ended")
        request: Request[T] = Request(partial(work, *args))
        self._inbox.put(request)
        return await request.outcome()

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Let what waits be done, and end the threads that were started."""
        self._closed = True
        for _ in self._threads:
            self._inbox.put(None)
        with anyio.CancelScope(shield=True):
            for thread in self._threads:
                if thread.ident is not None:
                    await anyio.to_thread.run_sync(thread.join)

    def _serve(self) -> None:
        while (request := self._inbox.get()) is not None:
            try:
                request.result = request.work()
            except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
                request.error = error
            self._post.send(request)
            del request  # it holds all that the work held, and the next may be long in coming


@asynccontextmanager
async def threads(count: int) -> AsyncIterator[Threads]:
    """Have so many threads at hand."""
    started = Threads(count)
    try:
        started.start()
        yield started
    finally:
        await started.close()
