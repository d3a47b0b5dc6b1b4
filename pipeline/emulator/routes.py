"""The HTTP face: which path answers what."""

import re
from collections.abc import Callable
from typing import Any

import anyio
from aiohttp import web

from . import answers, control, credits
from .admission import MAX_BODY, Admission
from .books import Books, Entry
from .envelope import envelope
from .refusal import RefusalError
from .workers import Workers

MODEL = "sam-3d-objects"
_BODY_SECONDS = 120.0
_FILE = re.compile(r"[A-Za-z0-9_-]{32}\.glb")


class Routes:
    """The handlers of the provider's paths; `base` is the URL under which the links stand."""

    def __init__(  # noqa: PLR0913  wired once, in server.py
        self,
        base: str,
        books: Books,
        admission: Admission,
        workers: Workers,
        limiter: anyio.CapacityLimiter,
        *,
        expired: Callable[[Entry], bool],
    ) -> None:
        self._base = base
        self._books = books
        self._admission = admission
        self._workers = workers
        self._limiter = limiter
        self._expired = expired

    def application(self) -> web.Application:
        """Give the application with every path."""
        app = web.Application(middlewares=[envelope], client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.post(f"/v1/{MODEL}", self._blocking),
                web.post(f"/v2/{MODEL}", self._submit),
                web.get("/v1/requests/{id}", self._response),
                web.get("/v2/requests/{id}", self._response),
                web.get("/v2/requests/{id}/status", self._status),
                web.get("/v1/get-user-credits", self._credits),
                web.get("/files/{name}", self._file),
                *control.routes(self._books, self._workers),
            ]
        )
        return app

    async def _blocking(self, request: web.Request) -> web.Response:
        entry = await self._admit(1, request)
        await self._workers.enqueue(entry).wait()
        entry = self._books.find(entry.id) or entry
        if entry.result is None:
            raise RefusalError(500, entry.error or "", {"x-request-id": entry.id})
        glb = await anyio.Path(self._books.results / entry.result).read_bytes()
        headers = answers.blocking_headers(entry) | self._admission.windows.headers()
        return web.Response(body=glb, headers=headers)

    async def _submit(self, request: web.Request) -> web.Response:
        entry = await self._admit(2, request)
        self._workers.enqueue(entry)
        return web.json_response(answers.submitted(self._base, entry))

    async def _admit(self, version: int, request: web.Request) -> Entry:
        with anyio.fail_after(_BODY_SECONDS):
            body = await request.read()
        return await self._admission.admit(version, request.headers, body, self._limiter)

    async def _status(self, request: web.Request) -> web.Response:
        return self._answer(request, answers.status)

    async def _response(self, request: web.Request) -> web.Response:
        return self._answer(request, answers.response)

    def _answer(
        self, request: web.Request, shape: Callable[[str, Entry], dict[str, Any]]
    ) -> web.Response:
        self._admission.check_key(request.headers)
        name = request.match_info["id"]
        entry = self._books.find(name)
        if entry is None or entry.version == 1 or entry.status == "REFUSED" or self._expired(entry):
            raise RefusalError(404, f"Request {name} not found")
        http = 422 if entry.status == "FAILED" else 200
        return web.json_response(shape(self._base, entry), status=http)

    async def _credits(self, request: web.Request) -> web.Response:
        self._admission.check_key(request.headers)
        balance = credits.number(self._books.balance)
        return web.json_response({"credits": balance, "free-credits": 0.0})

    async def _file(self, request: web.Request) -> web.FileResponse:
        path = self._books.results / request.match_info["name"]
        if not _FILE.fullmatch(path.name) or not path.is_file():
            raise RefusalError(404, "Not Found")
        return web.FileResponse(path, headers={"Content-Type": answers.GLB})
