"""Answers that break below HTTP: cut off, dripping, or never given."""

import asyncio
import socket
import struct
from http import HTTPStatus

import anyio
import anyio.to_thread
from aiohttp import web

from . import refusing
from .answers import Answer
from .faults import FAILURES, Fault
from .refusal import HungUpError
from .spoiling import spoil

_NO_LINGER = struct.pack("ii", 1, 0)  # close at once, by RST
_PIECE = 4096


async def deliver(
    request: web.Request, fault: Fault | None, answer: Answer, date: str
) -> web.StreamResponse:
    """Send an answer as the fault will have it; raises what `envelope` answers."""
    if fault is None or fault.kind in FAILURES:
        return answer.response()
    match fault.kind.removeprefix(f"{fault.operation}-"):
        case "502-after" | "504-after":
            raise refusing.gateway(int(fault.kind[:3]))
        case "drop" | "drop-after":
            raise HungUpError
        case "cut":
            return _cut(request, answer, date, sized=True)
        case "cut-bare":
            return _cut(request, answer, date, sized=False)
        case "trickle":
            return await _drip(request, answer, date, 1, fault.amount)
        case "slow":
            return await _drip(request, answer, date, _PIECE, fault.amount)
        case _:
            return (await anyio.to_thread.run_sync(spoil, fault, answer)).response()


def hang_up(transport: asyncio.BaseTransport | None, *, reset: bool) -> web.Response:
    """Close the connection; the response given is one that the server finds nobody to send to."""
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.close()
    return web.Response()


def _cut(request: web.Request, answer: Answer, date: str, *, sized: bool) -> web.Response:
    """Send half the body and close."""
    half = answer.data[: len(answer.data) // 2]
    _write(request, _head(answer, date, sized=sized) + half)
    return hang_up(request.transport, reset=False)


async def _drip(
    request: web.Request, answer: Answer, date: str, size: int, seconds: float
) -> web.Response:
    """Send so many bytes at a time, until all are sent or nobody listens."""
    _write(request, _head(answer, date, sized=True))
    for start in range(0, len(answer.data), size):
        if request.transport is None or request.transport.is_closing():
            break
        _write(request, answer.data[start : start + size])
        await anyio.sleep(seconds)
    return hang_up(request.transport, reset=False)


def _head(answer: Answer, date: str, *, sized: bool) -> bytes:
    headers = {**answer.headers, "Date": date, "Connection": "close"}
    if sized:
        headers["Content-Length"] = str(len(answer.data))
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _write(request: web.Request, data: bytes) -> None:
    """Write past the server's own framing, which would not let a length be wrong."""
    if request.transport is not None and not request.transport.is_closing():
        request.transport.write(data)
