"""The provider's storage: pictures put there once, to be named by URL in calls."""

import re
import secrets
from typing import Any

import anyio
from aiohttp import web

from .parts import Parts
from .pictures import decoded
from .refusal import RefusalError

_MOST = 20  # pictures at once: ours, the provider publishes no limit
_HEAD = re.compile(r"data:image/(jpeg|jpg|png|webp);base64,")


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the route `POST /upload-asset`.

    By the provider's documentation it answers `{"urls": […]}`, by its Python SDK `{"file_urls":
    […], "message": …}`: the settings choose.
    """

    async def upload(request: web.Request) -> web.Response:
        parts.admission.check_key(request.headers)
        urls = [await _kept(parts, text) for text in await _data_urls(request)]
        name = parts.settings.upload_envelope
        said = {} if name == "urls" else {"message": "Files uploaded successfully"}
        return web.json_response({name: urls, **said})

    return [web.post("/upload-asset", upload)]


async def _data_urls(request: web.Request) -> list[str]:
    try:
        body: Any = await request.json()
    except (ValueError, RecursionError):
        raise RefusalError(400, "The request body is not valid JSON") from None
    texts = body.get("data_urls") if isinstance(body, dict) else None
    if not isinstance(texts, list) or not 1 <= len(texts) <= _MOST:
        raise RefusalError(400, f"data_urls must be a list of 1 to {_MOST} data URLs")
    if not all(isinstance(text, str) for text in texts):
        raise RefusalError(400, "data_urls must hold text")
    return texts


async def _kept(parts: Parts, text: str) -> str:
    head = _HEAD.match(text)
    if head is None:
        raise RefusalError(400, "data_urls must hold data URLs of JPEG, PNG or WebP images")
    data = await decoded("data_urls", text, parts.limiter)
    name = f"{secrets.token_urlsafe(24)}.{head[1]}"
    await anyio.Path(parts.books.results / name).write_bytes(data)
    parts.books.keep(name, parts.now())
    return f"{parts.base}/assets/{name}"
