"""`python -m bench.server`: answers as fast as Python can, at almost no cost of its own.

Requests are read and dropped, answers stand ready, and large ones go from the page cache into the
socket without a copy. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import socket
import sys
import time
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

import anyio
import click

_HEAD = 1 << 16
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
_BILL = "x-cost: 0.065\r\nx-remaining-credits: 1000\r\nx-request-id: bench-{}\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_dropped = bytearray(1 << 20)  # what is read of bodies, one over another


@dataclass(frozen=True, slots=True)
class Heard:
    """A request whose body was read: its method and its path."""

    method: bytes
    path: str


class Server:
    """One model for all, `latency` seconds after it was asked for."""

    def __init__(self, model: BinaryIO, latency: float, url: str) -> None:
        self._loop = asyncio.get_running_loop()  # its calls on sockets cost less than any stream
        self._model = model
        self._size = model.seek(0, 2)
        self._latency = latency
        self._url = url
        self._numbers = count(1)
        self._sent: list[float] = []  # when models were

    async def talk(self, peer: socket.socket) -> None:
        """Answer a connection's requests until it is closed."""
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with peer:
            try:
                while (heard := await self._heard(peer)) is not None:
                    await self._answer(peer, heard)
            except ConnectionError:
                return  # whoever asked has left

    async def _heard(self, peer: socket.socket) -> Heard | None:
        """Read a request with its body."""
        head = b""
        while (end := head.find(b"\r\n\r\n")) < 0:
            piece = await self._loop.sock_recv(peer, _HEAD)
            if not piece:
                return None
            head += piece
        length = _LENGTH.search(head, 0, end + 2)
        left = (int(length[1]) if length else 0) - (len(head) - end - 4)
        while left > 0 and (read := await self._loop.sock_recv_into(peer, _dropped)):
            left -= read
        method, path, _ = head.split(b" ", 2)
        return Heard(method, path.decode())

    async def _answer(self, peer: socket.socket, heard: Heard) -> None:
        match heard.method, heard.path.split("/")[1:]:
            case b"POST", ["v1", _]:
                if self._latency:
                    await anyio.sleep(self._latency)
                await self._send_model(peer, _BILL.format(next(self._numbers)))
            case b"POST", ["v2", _]:
                await self._send_json(peer, self._accepted())
            case b"GET", ["v2", "requests", number, "status"]:
                done = time.monotonic() >= float(number.partition("-")[0])
                state = "COMPLETED" if done else "PROCESSING"
                await self._send_json(peer, {"status": state, "request_id": number, "metrics": {}})
            case b"GET", ["v2", "requests", number]:
                await self._send_json(peer, self._completed(number))
            case b"GET", ["files", _]:
                await self._send_model(peer, "")
            case b"GET", ["usage"]:
                await self._send_json(peer, {"cpu": _cpu(), "sent": self._sent})
            case _:
                await self._loop.sock_sendall(peer, _NOT_FOUND)

    def _accepted(self) -> dict[str, object]:
        """Queue a request: when it is done stands in its id."""
        number = f"{time.monotonic() + self._latency:.6f}-{next(self._numbers)}"
        place = f"{self._url}/v2/requests/{number}"
        return {
            "request_id": number,
            "status": "QUEUED",
            "status_url": f"{place}/status",
            "response_url": place,
        }

    def _completed(self, number: str) -> dict[str, object]:
        return {
            "status": "COMPLETED",
            "request_id": number,
            "error": None,
            "output": f"{self._url}/files/{number}.glb",
            "metrics": {"cost": 0.065, "remaining_credits": 1000},
        }

    async def _send_json(self, peer: socket.socket, value: dict[str, object]) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        await self._loop.sock_sendall(peer, head.encode() + b"\r\n\r\n" + body)

    async def _send_model(self, peer: socket.socket, bill: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: model/gltf-binary\r\n{bill}"
        await self._loop.sock_sendall(peer, f"{head}Content-Length: {self._size}\r\n\r\n".encode())
        await self._loop.sock_sendfile(peer, self._model, 0, self._size)
        self._sent.append(time.monotonic())


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _serve(model: BinaryIO, latency: float) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door:
        door.setblocking(False)  # noqa: FBT003 - it has no name for it
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        click.echo(url)
        server, loop = Server(model, latency, url), asyncio.get_running_loop()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_until_eof, tasks.cancel_scope)
            while True:
                peer, _ = await loop.sock_accept(door)
                tasks.start_soon(server.talk, peer)


async def _until_eof(scope: anyio.CancelScope) -> None:
    await anyio.to_thread.run_sync(sys.stdin.read)
    scope.cancel()


@click.command()
@click.option("--model", type=click.File("rb"), required=True, help="The file that is answered.")
@click.option("--latency", default=0.0, help="Seconds before an answer.")
def serve(model: BinaryIO, latency: float) -> None:
    """Serve, and print the root's URL."""
    anyio.run(_serve, model, latency)


if __name__ == "__main__":
    serve()
