"""The files that links lead to: public, for as long as they live."""

import re
from pathlib import Path

import anyio
from aiohttp import web

from . import breakage, refusing
from .answers import Answer
from .clock import http_date
from .faults import Fault
from .parts import Parts
from .refusal import RefusalError
from .shapes import TYPES

_NAME = re.compile(r"[A-Za-z0-9_-]{32}\.[a-z]{3,4}")
_HOPS = re.compile(r"[0-9]{1,6}")


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the route of the results, and that of uploaded pictures, which no fault strikes."""

    async def result(request: web.Request) -> web.StreamResponse:
        path = _path(parts, request)
        hops = request.query.get("hops", "")
        if _HOPS.fullmatch(hops):
            return _send_on(request, int(hops)) if int(hops) else _whole(path)
        _, fault = parts.strikes.next("file")
        return _whole(path) if fault is None else await _broken(parts, request, path, fault)

    async def upload(request: web.Request) -> web.StreamResponse:
        return _whole(_path(parts, request))

    return [web.get("/files/{name}", result), web.get("/assets/{name}", upload)]


def _path(parts: Parts, request: web.Request) -> Path:
    name = request.match_info["name"]
    at = parts.books.file_at(name) if _NAME.fullmatch(name) else None
    path = parts.books.results / name
    if at is None or parts.now() >= at + parts.settings.file_lifetime or not path.is_file():
        raise RefusalError(404, "Not Found")
    return path


def _whole(path: Path) -> web.FileResponse:
    return web.FileResponse(path, headers={"Content-Type": _type(path)})


def _type(path: Path) -> str:
    return TYPES.get(path.suffix, f"image/{path.suffix[1:]}")


async def _broken(
    parts: Parts, request: web.Request, path: Path, fault: Fault
) -> web.StreamResponse:
    match fault.kind:
        case "file-404":
            raise RefusalError(404, "Not Found")
        case "file-503":
            raise refusing.refusal(fault, parts.now())
        case "file-redirect":
            return _send_on(request, max(1, int(fault.amount)))
        case _:
            data = await anyio.Path(path).read_bytes()
            answer = Answer(data, {"Content-Type": _type(path)})
            return await breakage.deliver(request, fault, answer, http_date(parts.now()))


def _send_on(request: web.Request, hops: int) -> web.StreamResponse:
    """Redirect to the same file, which redirects so many times less."""
    where = request.rel_url.with_query({"hops": hops - 1})
    return web.Response(status=302, headers={"Location": str(where)})
