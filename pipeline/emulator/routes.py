"""The HTTP face: every path, and what goes for all of them."""

from aiohttp import web
from aiohttp.typedefs import Handler

from . import balance, control, downloads, history, page, polls, submits, uploads
from .admission import MAX_BODY
from .clock import http_date
from .envelope import envelope
from .parts import Parts
from .refusal import HungUpError

_GROUPS = (submits, polls, balance, downloads, uploads, history, page, control)


def application(parts: Parts) -> web.Application:
    """Give the application with every path."""

    @web.middleware
    async def reachable(request: web.Request, handler: Handler) -> web.StreamResponse:
        if parts.outages.active:  # a connection from before
            raise HungUpError(reset=True)
        return await handler(request)

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = http_date(parts.now())

    app = web.Application(middlewares=[envelope(parts.ending), reachable], client_max_size=MAX_BODY)
    app.on_response_prepare.append(date)
    for group in _GROUPS:
        app.add_routes(group.routes(parts))
    return app
