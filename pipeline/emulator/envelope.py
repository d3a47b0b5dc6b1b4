"""Errors in the provider's envelope: JSON, but HTML for a wrong verb."""

from aiohttp import web
from aiohttp.typedefs import Handler

from .refusal import RefusalError

_WRONG_VERB = """<!doctype html>
<html lang="en">
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
<p>The method is not allowed for the requested URL.</p>
</html>
"""


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what is refused: by a handler, or by the router and the reader of bodies."""
    try:
        return await handler(request)
    except RefusalError as refusal:
        return _error(refusal.status, refusal.message, refusal.headers)
    except (TimeoutError, ConnectionResetError):  # too slow, or hung up: then nobody reads this
        return _error(408, "The request body did not arrive", {})
    except web.HTTPMethodNotAllowed as problem:
        headers = {"Allow": problem.headers["Allow"]}
        return web.Response(status=405, text=_WRONG_VERB, content_type="text/html", headers=headers)
    except web.HTTPRequestEntityTooLarge:
        return _error(413, "The request body is too large for the local API (32 MiB)", {})
    except web.HTTPNotFound:
        return _error(404, "The requested URL does not exist", {})


def _error(status: int, message: str, headers: dict[str, str]) -> web.Response:
    return web.json_response({"error": message}, status=status, headers=headers)
