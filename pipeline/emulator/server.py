"""The server: everything wired together, from settings to a listening socket."""

import os
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from aiohttp import web

from .admission import Admission
from .books import Books
from .ending import Ending
from .faults import Strikes
from .outage import BACKLOG, Outages
from .parts import Parts
from .routes import application
from .schema import BooksError
from .settings import Settings
from .workers import Workers

_GRACE = 0.2  # seconds that open answers are given at the end


class PortInUseError(Exception):
    """The port cannot be listened on."""


async def serve(
    settings: Settings, *, ready: Callable[[str], None], now: Callable[[], float] = time.time
) -> None:
    """Serve until cancelled; `ready` is called with the root URL once connections are accepted.

    `now` gives Unix seconds. Raises PortInUseError, schema.BooksError, or OSError where the disk
    fails; then, as when it is cancelled, it serves no more.
    """
    with _books(settings) as books, _listen(settings, books.port) as listener:
        books.port = listener.getsockname()[1]
        parts = _parts(settings, books, lambda: now() + settings.clock_offset)
        parts.workers.resume()
        await _run(parts, listener, lambda: ready(parts.base))


def _parts(settings: Settings, books: Books, now: Callable[[], float]) -> Parts:
    return Parts(
        settings=settings,
        base=_url(settings.host, books.port),
        books=books,
        strikes=Strikes(settings.faults, settings.seed, books.last_ordinal),
        admission=Admission(settings, books, now),
        workers=Workers(settings, books, now),
        outages=Outages(),
        ending=Ending(),
        limiter=anyio.CapacityLimiter(os.cpu_count() or 1),
        now=now,
    )


async def _run(parts: Parts, listener: socket.socket, ready: Callable[[], None]) -> None:
    runner = web.AppRunner(application(parts), access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()

    async def part(run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except* (PortInUseError, BooksError, OSError) as problems:
            parts.ending.tell(problems.exceptions[0])

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(part, lambda: parts.workers.run(parts.limiter))
            group.start_soon(part, lambda: _listen_on(parts, runner, listener, ready))
            reason = await parts.ending.wait()
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
    raise reason


async def _listen_on(
    parts: Parts, runner: web.AppRunner, listener: socket.socket, ready: Callable[[], None]
) -> None:
    settings, port = parts.settings, parts.books.port
    with _port_of(settings.host, port):
        await parts.outages.listen(
            runner, listener, lambda: _bind(settings, port, listens=False), ready
        )


@contextmanager
def _books(settings: Settings) -> Iterator[Books]:
    if settings.books is not None:
        with Books.open(settings.books, settings.credits_micro) as books:
            yield books
        return
    with (
        tempfile.TemporaryDirectory(prefix="catalog3d-emulator-") as folder,
        Books.open(Path(folder), settings.credits_micro) as books,
    ):
        yield books


def _listen(settings: Settings, last: int) -> socket.socket:
    """Bind the port; any free one may be the last one again, so that old links hold."""
    if settings.port or not last:
        return _bind(settings, settings.port)
    try:
        return _bind(settings, last)
    except PortInUseError:
        return _bind(settings, 0)


def _bind(settings: Settings, port: int, *, listens: bool = True) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with _port_of(settings.host, port):
        if listens:
            return socket.create_server((settings.host, port), family=family, backlog=BACKLOG)
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((settings.host, port))
        return bound


@contextmanager
def _port_of(host: str, port: int) -> Iterator[None]:
    """Say which port it is that cannot be listened on."""
    try:
        yield
    except OSError as problem:
        why = problem.strerror or problem
        raise PortInUseError(f"cannot listen on {host}:{port}: {why}") from None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
