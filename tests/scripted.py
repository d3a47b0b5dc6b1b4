"""An API that answers what a test tells it to, over real sockets; it is not the local API."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web
from glb_builder import tetrahedron

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

GLB = tetrahedron().pack()
COST = "0.0641"
BILL = {"x-cost": COST, "x-request-id": "req-1", "x-remaining-credits": "9.5"}


@dataclass
class Script:
    """What is answered, by path; a list is answered one after the other, its last for ever."""

    answers: dict[str, list[Answer]]
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @property
    def submits(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        answers = self.answers.get(request.path)
        if answers is None:
            return web.json_response({"error": f"no {request.path} here"}, status=404)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return await answer(request)


@asynccontextmanager
async def scripted(answers: dict[str, list[Answer]]) -> AsyncIterator[Script]:
    script = Script(answers)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        script.url = f"http://{host}:{port}"
        yield script
    finally:
        await runner.cleanup()


def reply(status: int, body: bytes | str | dict[str, Any] = b"", **headers: str) -> Answer:
    """Answer with a body; a dict is sent as JSON. Underscores in header names become dashes."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    data = data.encode() if isinstance(data, str) else data
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=data, headers=named)

    return answer


def billed(body: bytes | str | dict[str, Any]) -> Answer:
    """Answer 200 with a bill in its headers."""
    return reply(200, body, **{name.replace("-", "_"): value for name, value in BILL.items()})


def hang_up() -> Answer:
    """Read the request, and close the connection without a word."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return answer


def cut(body: bytes, keep: int) -> Answer:
    """Bill, promise the whole body, and close the connection after some of it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**BILL, "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[:keep])
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def with_url(make: Callable[[str], Answer]) -> Answer:
    """Answer with something that names this server."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await make(f"http://{request.host}")(request)

    return answer
