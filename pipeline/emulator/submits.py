"""The paid calls: v1, which waits for its result, and v2, which gives an id."""

import anyio
import anyio.to_thread
from aiohttp import web

from . import answers, breakage
from .admission import Arrival
from .answers import Answer
from .clock import http_date
from .entry import Entry
from .faults import Fault
from .parts import MODEL, Parts
from .refusal import HungUpError
from .shapes import Files

_BODY_SECONDS = 120.0


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the two routes of the model."""

    async def blocking(request: web.Request) -> web.StreamResponse:
        entry, fault = await _admit(parts, 1, request)
        await parts.workers.enqueue(entry).wait()
        answer = await _finished(parts, entry)
        return await breakage.deliver(request, fault, answer, http_date(parts.now()))

    async def submit(request: web.Request) -> web.StreamResponse:
        entry, fault = await _admit(parts, 2, request)
        parts.workers.enqueue(entry)
        answer = answers.as_json(answers.submitted(parts.base, entry))
        return await breakage.deliver(request, fault, answer, http_date(parts.now()))

    return [web.post(f"/v1/{MODEL}", blocking), web.post(f"/v2/{MODEL}", submit)]


async def _admit(parts: Parts, version: int, request: web.Request) -> tuple[Entry, Fault | None]:
    ordinal, fault = parts.strikes.next("submit")
    arrival = Arrival(ordinal, version, fault, request.headers)
    if fault is not None and fault.kind in {"down", "reset"}:
        parts.admission.turn_away(arrival)
        if fault.kind == "down":
            parts.outages.begin(fault.amount)
        raise HungUpError(reset=True)
    with anyio.fail_after(_BODY_SECONDS):
        body = await request.read()
    return await parts.admission.admit(arrival, body, parts.limiter), fault


async def _finished(parts: Parts, entry: Entry) -> Answer:
    """Answer a call whose work has ended."""
    entry = parts.books.find(entry.id) or entry
    if entry.status != "COMPLETED":
        return answers.failed(entry)
    files = Files(parts.books.files(entry.id), parts.books.results, parts.link)
    kind = parts.settings.content_type
    answer = await anyio.to_thread.run_sync(answers.blocking, entry, files, kind)
    return Answer(answer.data, {**answer.headers, **parts.admission.windows.headers()})
