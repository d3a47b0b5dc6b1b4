"""HTTP, and the only module that knows which library speaks it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.api.answer import Answer, unzipped
from pipeline.api.upload import sent
from pipeline.errors import ApiError, BrokenConnectionError, NoAnswerError, NoConnectionError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from pipeline.api.upload import Upload

_FAULTS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError)
_READ_AHEAD = 64 << 10  # a connection holds up to twice that of an answer
_CONNECT_SECONDS = 30.0
_SAID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `seconds` is the most it may take, from start to the answer's last byte.

    `key` goes as `x-api-key` where it is set; no text made of a request shows it.
    """

    method: str
    url: str
    seconds: float
    body: Upload | None = field(default=None, repr=False)
    key: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What is sent beside the client's own headers."""
        content = {}
        if self.body is not None:
            content = {"Content-Type": "application/json", "Content-Length": str(self.body.size)}
        key = {"x-api-key": self.key} if self.key else {}
        return {"Accept-Encoding": "identity", **content, **key}


class Transport(Protocol):
    """Sends requests.

    Raises NoConnectionError where no connection was made, BrokenConnectionError for all that goes
    wrong once it was, also while the body is read.
    """

    def send(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """Send, and give the answer once its headers are here."""
        ...


class AiohttpTransport:
    """The transport of the product: aiohttp, without what it does by itself to an answer.

    No redirects (a custom header such as x-api-key would follow them to any host), no unbounded
    decompression (306 kB of gzip can be 300 MiB), no limit of its own. It repeats a GET whose
    connection broke, once; a POST never.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        """Send, and give the answer once its headers are here."""
        async with await self._sent(request) as response:
            headers: dict[str, str] = {}
            for name, value in response.headers.items():
                headers.setdefault(name.lower(), value)
            pieces = _pieces(response, request)
            if headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
                pieces = unzipped(pieces)
            async with aclosing(pieces):
                yield Answer(response.status, headers, pieces, response.content.on_eof)

    async def _sent(self, request: Request) -> aiohttp.ClientResponse:
        """Send. aiohttp's errors hold the request, and so the key: none is chained to ours.

        A body of bytes would be written at once; a stream of them waits for the network.
        """
        seen = SimpleNamespace(connected=False)
        try:
            return await self._session.request(
                request.method,
                request.url,
                data=None if request.body is None else sent(request.body),
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=request.seconds, connect=min(_CONNECT_SECONDS, request.seconds)
                ),
                trace_request_ctx=seen,
            )
        except _FAULTS as error:
            fault = _fault(error, request, connected=seen.connected)
        raise fault


@asynccontextmanager
async def http(*, user_agent: str) -> AsyncIterator[AiohttpTransport]:
    """Open the transport.

    `force_close`: a connection is used once. A kept one that the server has just closed would
    fail a paid POST with nobody knowing whether it had been read, and an answer that a server or
    gateway says twice, or late, would be taken for that to the next request, another job's. A
    handshake is cheap beside a call of half a minute.
    """
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_connected)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        trace_configs=[trace],
        headers={"User-Agent": user_agent},
        cookie_jar=aiohttp.DummyCookieJar(),
        read_bufsize=_READ_AHEAD,
    ) as session:
        yield AiohttpTransport(session)


async def _connected(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceConnectionCreateEndParams,
) -> None:
    """Note that the handshakes, TLS's too, are done; not a byte of the request has left yet."""
    context.trace_request_ctx.connected = True


async def _pieces(
    response: aiohttp.ClientResponse, request: Request
) -> AsyncGenerator[bytes, None]:
    try:
        async for piece in response.content.iter_any():
            yield piece
    except _FAULTS as error:
        fault = _fault(error, request, connected=True)
    else:
        return
    raise fault


def _fault(error: Exception, request: Request, *, connected: bool) -> ApiError:
    """Say what went wrong; without the key, also where a server's bad line quotes it."""
    if isinstance(error, TimeoutError):
        if connected:
            return NoAnswerError(f"no complete answer within {request.seconds:g} s")
        seconds = min(_CONNECT_SECONDS, request.seconds)
        said = f"no complete connection within {seconds:g} s"
    else:
        told = str(error).replace(" ssl:default", "") or "no more is known"
        if request.key:
            told = told.replace(request.key, "[key]")
        printable = "".join(char if char.isprintable() else " " for char in told)
        said = f"{printable[:_SAID_LENGTH]} ({type(error).__name__})"
    return BrokenConnectionError(said) if connected else NoConnectionError(said)
