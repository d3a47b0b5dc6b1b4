"""The local API's own paths, which the provider does not have: its books, and money for nothing."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from . import credits
from .books import Books, Entry
from .refusal import RefusalError
from .wire import Parameters
from .workers import Workers

_MOST = 10_000
_SHOWN = ("version", "status", "http", "billed_micro", "image_sha256", "body_sha256", "error")


def routes(books: Books, workers: Workers) -> list[web.RouteDef]:
    """Give the routes `GET /emulator/books?limit=N` and `POST /emulator/top-up`; no key needed."""

    async def show(request: web.Request) -> web.Response:
        return web.json_response(_account(books, workers, _limit(request)))

    async def top_up(request: web.Request) -> web.Response:
        books.top_up(await _amount(request))
        return web.json_response({"balance_micro": books.balance})

    return [web.get("/emulator/books", show), web.post("/emulator/top-up", top_up)]


def _account(books: Books, workers: Workers, limit: int) -> dict[str, Any]:
    return {
        "balance_micro": books.balance,
        "held_micro": books.held,
        "spent_micro": books.spent,
        "submits": books.last_ordinal,
        "statuses": {str(http): count for http, count in books.tally().items()},
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
