"""The request history: what became of each call, also of those whose answer was lost.

The provider's Python SDK documents the fields of a row and the filters; the envelope, and when a
row lands, are unpublished: both can be chosen.
"""

from collections.abc import AsyncIterator

import anyio.to_thread
from aiohttp import web

from . import refusing
from .entry import Entry
from .history_query import Query, query
from .history_rows import as_json, count, select
from .parts import Parts
from .refusal import RefusalError

PATH = "/inference-request/request-history"


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the routes of the list and of one request, if the history is on."""

    async def listed(request: web.Request) -> web.StreamResponse:
        _enter(parts, request)
        return await _page(parts, request, query(request.query, parts.now()))

    async def one(request: web.Request) -> web.Response:
        _enter(parts, request)
        name = request.match_info["id"]
        found = select(parts, Query("request.id = ?", (name,)))
        if not found:
            raise RefusalError(404, f"Request {name} not found")
        return web.json_response(text=await _text(parts, *found[0]))

    if not parts.settings.history:
        return []
    return [web.get(PATH, listed), web.get(f"{PATH}/{{id}}", one)]


def _enter(parts: Parts, request: web.Request) -> None:
    _, fault = parts.strikes.next("history")
    parts.admission.check_key(request.headers)
    if fault is not None:
        raise refusing.refusal(fault, parts.now())


async def _page(parts: Parts, request: web.Request, asked: Query) -> web.StreamResponse:
    """Send a page row by row: each may hold whole pictures."""
    rows, total = select(parts, asked), count(parts, asked)
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    await response.prepare(request)
    name = parts.settings.history_envelope
    head = f'{{"page": {asked.page}, "per_page": {asked.per_page}, "total": {total}, "{name}": ['
    await response.write(head.encode())
    async for piece in _pieces(parts, rows):
        await response.write(piece.encode())
    await response.write(b"]}")
    await response.write_eof()
    return response


async def _pieces(parts: Parts, rows: list[tuple[Entry, str | None]]) -> AsyncIterator[str]:
    comma = ""
    for row in rows:
        yield comma + await _text(parts, *row)
        comma = ","


async def _text(parts: Parts, entry: Entry, name: str | None) -> str:
    return await anyio.to_thread.run_sync(as_json, parts, entry, name)


def url(base: str) -> str:
    """Give the history's address; a request's id may follow after a slash."""
    return base + PATH
