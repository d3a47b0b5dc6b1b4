"""The free calls on a v2 request: its status and its result."""

import anyio.to_thread
from aiohttp import web

from . import answers, breakage, refusing
from .answers import Answer
from .clock import http_date
from .entry import Entry
from .parts import Parts
from .refusal import RefusalError
from .shapes import Files


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the routes by request id."""

    async def status(request: web.Request) -> web.StreamResponse:
        return await _answer(parts, request, status_only=True)

    async def result(request: web.Request) -> web.StreamResponse:
        return await _answer(parts, request, status_only=False)

    return [
        web.get("/v1/requests/{id}", result),
        web.get("/v2/requests/{id}", result),
        web.get("/v2/requests/{id}/status", status),
    ]


async def _answer(parts: Parts, request: web.Request, *, status_only: bool) -> web.StreamResponse:
    _, fault = parts.strikes.next("poll")
    parts.admission.check_key(request.headers)
    entry = _known(parts, request.match_info["id"])
    if fault is not None and fault.kind == "poll-404":
        raise _unknown(entry.id)
    if fault is not None and fault.kind not in {"poll-drop", "poll-trickle"}:
        raise refusing.refusal(fault, parts.now())
    answer = await _shown(parts, entry, status_only=status_only)
    return await breakage.deliver(request, fault, answer, http_date(parts.now()))


def _known(parts: Parts, request_id: str) -> Entry:
    """Look a request up; its record ends, and v1's requests and refused ones have none."""
    entry = parts.books.find(request_id)
    if entry is None or entry.version == 1 or entry.status == "REFUSED":
        raise _unknown(request_id)
    if parts.now() >= entry.received_at + parts.settings.record_lifetime:
        raise _unknown(request_id)
    return entry


def _unknown(request_id: str) -> RefusalError:
    return RefusalError(404, f"Request {request_id} not found")


async def _shown(parts: Parts, entry: Entry, *, status_only: bool) -> Answer:
    if status_only or entry.status != "COMPLETED":
        document = answers.status(parts.base, entry)
    else:
        files = Files(parts.books.files(entry.id), parts.books.results, parts.link)
        document = await anyio.to_thread.run_sync(answers.response, entry, files)
    return answers.as_json(document, status=422 if entry.status == "FAILED" else 200)
