"""A TCP server that reads a request and does to it, byte by byte, what a test wants."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream

Act: TypeAlias = Callable[[SocketStream], Awaitable[None]]


@dataclass
class Received:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """What was received, in order; acts are done one after the other, the last for ever."""

    acts: list[Act]
    port: int = 0
    requests: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, stream: SocketStream) -> None:
        self.requests.append(await received(stream))
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        await act(stream)


async def received(stream: SocketStream) -> Received:
    """Read a request. Raises EndOfStream where none comes any more."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive()
    text, _, body = head.partition(b"\r\n\r\n")
    line, *fields = text.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive()
    return Received(line, headers, body)


@asynccontextmanager
async def listening(handle: Act) -> AsyncIterator[int]:
    """Serve on a port of this machine; what is still open at the end is closed."""

    async def closing(stream: SocketStream) -> None:
        try:
            await handle(stream)
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
            return
        finally:
            with anyio.CancelScope(shield=True):  # closing takes a step, or the socket stays open
                await stream.aclose()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, closing)
        try:
            yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        finally:
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def raw_server(*acts: Act) -> AsyncIterator[Server]:
    server = Server(list(acts))
    async with listening(server.handle) as server.port:
        yield server


def says(*pieces: bytes) -> Act:
    """Send these bytes, then close."""

    async def act(stream: SocketStream) -> None:
        for piece in pieces:
            await stream.send(piece)

    return act


def reply(status: int, body: bytes = b"", **headers: str) -> Act:
    """Send a whole answer. Underscores in header names become dashes."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return says(head.encode() + body)


def redirect(status: int, to: str) -> Act:
    return reply(status, location=to)


async def hang(_stream: SocketStream) -> None:
    await anyio.sleep_forever()


async def hang_up(stream: SocketStream) -> None:
    """Close without a word."""
    await stream.aclose()


async def reset(stream: SocketStream) -> None:
    """End with RST."""
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django here
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()


def then_hang(*pieces: bytes) -> Act:
    async def act(stream: SocketStream) -> None:
        await says(*pieces)(stream)
        await anyio.sleep_forever()

    return act


def then_reset(*pieces: bytes) -> Act:
    async def act(stream: SocketStream) -> None:
        await says(*pieces)(stream)
        await reset(stream)

    return act


async def trickle(stream: SocketStream) -> None:
    """Send an answer that never ends, as fast as it is read."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        await stream.send(bytes(65536))


async def dribble(stream: SocketStream) -> None:
    """Send a byte again and again, so that no read waits for long."""
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        await stream.send(b"x")
        await anyio.sleep(0.02)
