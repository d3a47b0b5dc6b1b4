"""Threads that are handed work, and tell of all that they have done at once."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
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
    """Threads that take work in the order in which it came: one, and more where that is of use.

    The others join in where the oldest work has waited for `patience` seconds, or where work that
    is `heavy` would have to wait, until none is left. Work of a few system calls is not done sooner
    by more threads, for they hand the interpreter's lock to and fro: a run of 200 calls in flight
    does 5 % more jobs with one thread for files than with three. What waits for a slow disk is, and
    so is what hashes and writes megabytes: a tenth more jobs (2 cores, Python 3.11).

    anyio's own threads cost 110 µs of CPU a hop, nearly all of it for waking a thread and the loop
    for one piece of work; these, 60 µs alone and 5 to 10 where 16 hops are under way.
    """

    def __init__(self, count: int, patience: float) -> None:
        self._loop = _loop()
        self._patience = patience
        self._post = Post()
        self._waiting = deque[tuple[float, Request[Any]]]()
        self._under_way = 0
        self._first, self._others = SimpleQueue[bool](), SimpleQueue[bool]()  # False: it ends
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False
        self._threads = [threading.Thread(target=self._serve)]
        self._threads += [threading.Thread(target=self._join_in) for _ in range(count - 1)]

    async def __call__(self, work: Callable[..., T], /, *args: Any) -> T:
        """Run work in one of the threads, not cut short by a cancelled scope."""
        return await self._seen_through(self._taken_in(partial(work, *args)))

    async def heavy(self, work: Callable[..., T], /, *args: Any) -> T:
        """Run work that takes a millisecond or more, and most of it not in the interpreter."""
        request = self._taken_in(partial(work, *args))
        if self._under_way:  # the first thread is busy, or about to be
            self._call_in()
        return await self._seen_through(request)

    def _taken_in(self, work: Callable[[], T]) -> Request[T]:
        if self._closed:
            raise RuntimeError("the threads have ended")
        request = Request(work)
        self._waiting.append((self._loop.time(), request))
        self._first.put(item=True)
        if self._watch is None and len(self._threads) > 1:
            self._watch = self._loop.call_later(self._patience, self._look)
        return request

    async def _seen_through(self, request: Request[T]) -> T:
        self._under_way += 1
        try:
            return await request.outcome()
        finally:
            self._under_way -= 1

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Let all threads do what waits, and end those that were started."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        self._call_in()
        self._first.put(item=False)
        for _ in self._threads[1:]:
            self._others.put(item=False)
        with anyio.CancelScope(shield=True):
            for thread in self._threads:
                if thread.ident is not None:
                    await anyio.to_thread.run_sync(thread.join)

    def _look(self) -> None:
        """Call the others in if work has waited too long; look again while any waits."""
        self._watch = None
        try:
            oldest, _ = self._waiting[0]
        except IndexError:
            return
        left = oldest + self._patience - self._loop.time()
        if left <= 0:
            self._call_in()
        self._watch = self._loop.call_later(left if left > 0 else self._patience, self._look)

    def _call_in(self) -> None:
        if self._others.empty():  # else those called before have not come yet
            for _ in self._threads[1:]:
                self._others.put(item=True)

    def _serve(self) -> None:
        while self._first.get():
            self._do_next()

    def _join_in(self) -> None:
        while self._others.get():
            while self._do_next():
                pass

    def _do_next(self) -> bool:
        """Do what has waited longest; tell whether there was anything."""
        try:
            _, request = self._waiting.popleft()
        except IndexError:
            return False  # another thread was sooner
        try:
            request.result = request.work()
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            request.error = error
        self._post.send(request)
        del request  # an error's traceback leads back here, and to all that the work held
        return True


@asynccontextmanager
async def threads(count: int, patience: float) -> AsyncIterator[Threads]:
    """Have so many threads at hand."""
    started = Threads(count, patience)
    try:
        started.start()
        yield started
    finally:
        await started.close()
