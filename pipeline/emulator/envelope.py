"""Errors in the provider's envelope: JSON, but HTML for a wrong verb and for a gateway."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from . import breakage
from .ending import Ending
from .refusal import HungUpError, RefusalError
from .schema import BooksError

_WRONG_VERB = """<!doctype html>
<html lang="en">
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
<p>The method is not allowed for the requested URL.</p>
</html>
"""


def envelope(ending: Ending) -> Middleware:
    """Make what answers the refusals: of a handler, of the router and the reader of bodies.

    Where the books or the disk fail, nothing that could be said is true: the connection is closed,
    and the server ends.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except HungUpError as end:
            return breakage.hang_up(request.transport, reset=end.reset)
        except RefusalError as refusal:
            return _refused(refusal)
        except web.HTTPException as problem:
            return _refused_by_the_server(problem)
        except (TimeoutError, ConnectionError):  # too slow, or hung up: then nobody reads this
            return _error(408, "The request body did not arrive")
        except (BooksError, OSError) as problem:
            ending.tell(problem)
            return breakage.hang_up(request.transport, reset=True)

    return answer


def _refused_by_the_server(problem: web.HTTPException) -> web.Response:
    match problem.status:
        case 405:
            headers = {"Allow": problem.headers["Allow"]}
            return _refused(RefusalError(405, problem.reason, headers, _WRONG_VERB))
        case 413:
            return _error(413, "The request body is too large for the local API (32 MiB)")
        case 404:
            return _error(404, "The requested URL does not exist")
        case _:
            raise problem


def _refused(refusal: RefusalError) -> web.Response:
    headers = refusal.headers
    if isinstance(refusal.body, str):
        return web.Response(
            status=refusal.status, text=refusal.body, content_type="text/html", headers=headers
        )
    return web.json_response(dict(refusal.body), status=refusal.status, headers=headers)


def _error(status: int, message: str) -> web.Response:
    return _refused(RefusalError(status, message))
