"""The local API on a socket of its own, and a caller for it."""

import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import anyio
from PIL import Image, ImageDraw

from pipeline.emulator.faults import Fault
from pipeline.emulator.server import serve
from pipeline.emulator.settings import Settings

KEY = {"x-api-key": "SG_0123456789abcdef"}
MODEL = "sam-3d-objects"


def ball(colour: str = "red", size: int = 64, kind: str = "PNG") -> bytes:
    picture = Image.new("RGB", (size, size), "white")
    ImageDraw.Draw(picture).ellipse((size // 4, size // 4, size * 3 // 4, size * 3 // 4), colour)
    return encoded(picture, kind)


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def text(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    json: Any


@dataclass(frozen=True)
class Api:
    url: str
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        url = path if path.startswith("http") else self.url + path
        options.setdefault("headers", KEY)
        async with self.session.request(method, url, **options) as response:
            body = await response.read()
            headers = {name.lower(): value for name, value in response.headers.items()}
            is_json = response.content_type == "application/json"
            return Answer(
                response.status, headers, body, await response.json() if is_json else None
            )

    async def make(self, version: int = 1, **fields: Any) -> Answer:
        asked = {"image": text(ball())} | fields
        path = f"/v{version}/{MODEL}"
        return await self.call("POST", path, json=asked, allow_redirects=False)

    async def books(self) -> Any:
        return (await self.call("GET", "/emulator/books?limit=1000", headers={})).json

    async def until(self, met: Callable[[], Awaitable[bool]]) -> None:
        with anyio.fail_after(30):
            while not await met():  # noqa: ASYNC110  it is over there, behind HTTP
                await anyio.sleep(0.01)

    async def finish(self, request_id: str) -> Answer:
        """Poll a v2 request to its end and give the answer of its result call."""

        async def ended() -> bool:
            status = await self.call("GET", f"/v2/requests/{request_id}/status")
            return status.json["status"] in {"COMPLETED", "FAILED"}

        await self.until(ended)
        return await self.call("GET", f"/v2/requests/{request_id}")


@asynccontextmanager
async def serving(now: Callable[[], float] | None = None, **options: Any) -> AsyncIterator[Api]:
    """Serve until left: fast, and each call at one price, unless told otherwise."""
    settings = Settings(**{"port": 0, "speed": 1000.0, "latency_spread": 0.0} | options)
    clock = {} if now is None else {"now": now}
    send, receive = anyio.create_memory_object_stream[str](1)
    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(partial(serve, settings, ready=send.send_nowait, **clock))
            url = await receive.receive()
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as session:
                yield Api(url, session)
            group.cancel_scope.cancel()


def struck(*faults: str, **options: Any) -> AbstractAsyncContextManager[Api]:
    return serving(faults=tuple(map(Fault.parse, faults)), **options)


async def last(api: Api) -> dict[str, Any]:
    """Give the last request of the books once nothing is in flight."""

    async def idle() -> bool:
        return bool((await api.books())["in_flight"] == 0)

    await api.until(idle)
    row: dict[str, Any] = (await api.books())["requests"][0]
    return row
