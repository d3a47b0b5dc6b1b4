"""The server: everything wired together, from settings to a listening socket."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from aiohttp import web

from .admission import Admission
from .books import Books
from .routes import Routes
from .settings import Settings
from .workers import Workers

_BACKLOG = 1024
_GRACE = 0.2  # seconds that open answers are given at the end


class PortInUseError(Exception):
    """The port cannot be listened on."""


async def serve(
    settings: Settings, *, ready: Callable[[str], None], now: Callable[[], float] = time.time
) -> None:
    """Serve until cancelled; `ready` is called with the root URL once connections are accepted.

    `now` gives Unix seconds. Raises PortInUseError, or books.BooksInUseError.
    """
    with _books(settings) as books, _listen(settings, books.port) as listener:
        books.port = listener.getsockname()[1]
        workers = Workers(settings, books, now)
        workers.resume()
        limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
        base = _url(settings.host, books.port)
        routes = Routes(
            base,
            books,
            Admission(settings, books, now),
            workers,
            limiter,
            expired=lambda entry: now() >= entry.received_at + settings.record_lifetime,
        )
        await _run(routes.application(), listener, workers, limiter, lambda: ready(base))


async def _run(
    app: web.Application,
    listener: socket.socket,
    workers: Workers,
    limiter: anyio.CapacityLimiter,
    ready: Callable[[], None],
) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        ready()
        await workers.run(limiter)
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


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
    ports = [settings.port] if settings.port or not last else [last, 0]
    for port in ports:
        try:
            family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
            return socket.create_server((settings.host, port), family=family, backlog=_BACKLOG)
        except OSError as problem:
            reason = problem.strerror
    raise PortInUseError(f"cannot listen on {settings.host}:{settings.port}: {reason}")


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
