"""The local API's own paths, which the provider does not have: its books, and money for nothing."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from . import credits
from .entry import Entry
from .parts import Parts
from .refusal import RefusalError
from .wire import Parameters

_MOST = 10_000
_SHOWN = (
    *("ordinal", "version", "status", "http", "fault", "shape", "billed_micro"),
    *("image_sha256", "mask_sha256", "body_sha256", "error"),
)


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the routes `GET /emulator/books?limit=N` and `POST /emulator/top-up`; no key needed."""

    async def show(request: web.Request) -> web.Response:
        return web.json_response(account(parts, _limit(request)))

    async def top_up(request: web.Request) -> web.Response:
        parts.books.top_up(await _amount(request))
        return web.json_response({"balance_micro": parts.books.balance})

    return [web.get("/emulator/books", show), web.post("/emulator/top-up", top_up)]


def account(parts: Parts, limit: int) -> dict[str, Any]:
    """Give the account and the last requests, newest first."""
    books, workers = parts.books, parts.workers
    return {
        "balance_micro": books.balance,
        "held_micro": books.held,
        "spent_micro": books.spent,
        "submits": books.submits,
        "statuses": {str(http): count for http, count in books.tally().items()},
        "faults": dict(parts.strikes.tally),
        "in_flight": workers.in_flight,
        "max_in_flight": workers.peak,
        "requests": [_row(entry) for entry in books.latest(limit)],
    }


def _row(entry: Entry) -> dict[str, Any]:
    row = asdict(entry)
    seed = Parameters.from_text(entry.params).seed if entry.params else None
    return {
        "request_id": entry.id,
        "at": entry.received_at,
        "seed": seed,
        **{name: row[name] for name in _SHOWN},
    }


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "100")
    if not text.isdecimal() or len(text) > len(str(_MOST)) or int(text) > _MOST:
        raise RefusalError(400, f"limit must be a number from 0 to {_MOST}")
    return int(text)


async def _amount(request: web.Request) -> int:
    """Read `{"credits": 2.0}`; JSON by its content type: no web page can send that unasked."""
    if request.content_type != "application/json":
        raise RefusalError(406, "Invalid content type: send application/json")
    try:
        body = await request.json()
        return credits.micro(str(body["credits"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise RefusalError(400, 'Send {"credits": 2.0}: up to six decimal places') from None
