"""The account's balance."""

import math

import anyio
from aiohttp import web

from . import credits, refusing
from .faults import Fault
from .parts import Parts


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the route of the balance; it needs the key and costs nothing."""

    async def balance(request: web.Request) -> web.Response:
        _, fault = parts.strikes.next("balance")
        parts.admission.check_key(request.headers)
        if fault is not None:
            await _suffer(fault, parts.now())
        held = credits.number(parts.books.balance)
        return web.json_response({"credits": held, "free-credits": 0.0})

    return [web.get("/v1/get-user-credits", balance)]


async def _suffer(fault: Fault, now: float) -> None:
    match fault.kind:
        case "balance-never":
            await anyio.sleep(math.inf)
        case "balance-slow":
            await anyio.sleep(fault.amount)
        case _:
            raise refusing.refusal(fault, now)
