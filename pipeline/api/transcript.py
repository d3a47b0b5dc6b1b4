"""What goes over the wire, written down for a bug report: shapes and sizes, no key, no picture."""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.api.answer import Answer
from pipeline.api.reading import json_value
from pipeline.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pipeline.api.transport import Request, Transport
    from pipeline.model import Json

_LARGEST_TEXT = 64 << 10
_HEAD = 16
_LONGEST = 200
_DEEPEST = 8
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+|\S*\?\S+=\S+")
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")
_SENT_AS_IS = frozenset({"seed", "include_artifacts"})
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "x-api-key"})


class Recording:
    """A transport that writes down what another one does. `clock` is monotonic, in seconds.

    Links keep their host and ending, ids become `<id>`; a model's bytes are told by their first
    16, their number and their sha256. So a transcript can be shown, and played to the client.
    """

    def __init__(self, transport: Transport, clock: Callable[[], float]) -> None:
        self._transport = transport
        self._clock = clock
        self.exchanges: list[dict[str, Json]] = []

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        """Send through the other transport, and write the exchange down."""
        began = self._clock()
        exchange: dict[str, Json] = {"request": _asked(request)}
        self.exchanges.append(exchange)
        try:
            async with self._transport.send(request) as answer:
                seconds = round(self._clock() - began, 3)
                told: dict[str, Json] = {
                    "status": answer.status,
                    "headers": _headers(answer.headers, request.key),
                    "seconds_to_headers": seconds,
                }
                exchange["answer"] = told
                yield Answer(answer.status, answer.headers, self._tapped(answer, told, request))
        except ApiError as error:
            exchange["error"] = {"kind": error.kind, "charged": error.charged.value}
            raise
        finally:
            exchange["seconds"] = round(self._clock() - began, 3)

    async def _tapped(
        self, answer: Answer, told: dict[str, Json], request: Request
    ) -> AsyncIterator[bytes]:
        """Pass a body on, and tell of it what may be told, however far it was read."""
        start, size, digest = b"", 0, hashlib.sha256()
        try:
            async for piece in answer.pieces(1 << 62):
                start += piece[: _LARGEST_TEXT + 1 - len(start)]
                size += len(piece)
                digest.update(piece)
                yield piece
        finally:
            told["body"] = _body(start, request.key) | {
                "bytes": size,
                "sha256": digest.hexdigest(),
            }


def _asked(request: Request) -> dict[str, Json]:
    asked: dict[str, Json] = {"method": request.method, "url": _place(request.url)}
    if request.body is not None:
        fields = json_value(request.body)
        asked["fields"] = {
            name: value if name in _SENT_AS_IS else f"<{len(str(value))} characters>"
            for name, value in (fields if isinstance(fields, dict) else {}).items()
        }
    return asked


def _headers(headers: Any, key: str) -> dict[str, Json]:
    return {
        name: _plain(value, key) for name, value in headers.items() if name not in _SECRET_HEADERS
    }


def _body(start: bytes, key: str) -> dict[str, Json]:
    value = json_value(start) if len(start) <= _LARGEST_TEXT else None
    if isinstance(value, dict | list | str):
        return {"json": _sanitised(value, key, 0)}
    if start[:1] == b"<":
        return {"text": _plain(start[:_LONGEST].decode("utf-8", "replace"), key)}
    return {"head": start[:_HEAD].hex()}


def _sanitised(value: Any, key: str, depth: int) -> Json:
    if depth > _DEEPEST:
        return "<deeper>"
    if isinstance(value, dict):
        return {
            _plain(str(name), key): _sanitised(each, key, depth + 1) for name, each in value.items()
        }
    if isinstance(value, list):
        return [_sanitised(each, key, depth + 1) for each in value[:20]]
    if isinstance(value, str):
        nested = json_value(value) if value[:1] in {"{", "["} else None
        if isinstance(nested, dict | list):
            return {"<JSON in a string>": _sanitised(nested, key, depth + 1)}
        return _plain(value, key)
    return value if isinstance(value, int | float | bool) else None


def _plain(text: str, key: str) -> str:
    """Take key, ids and the unguessable parts of links out of a text, and cut it short."""
    without = text.replace(key, "[key]") if key else text
    without = _URL.sub(lambda found: _place(found.group()), without)
    without = _ID.sub("<id>", without)
    return without if len(without) <= _LONGEST else f"{without[:_LONGEST]}… ({len(without)})"


def _place(url: str) -> str:
    """Give a URL's host and what kind of thing it names."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "<url>"
    last = _ID.sub("<id>", parts.path).rpartition("/")[2]
    ending = last.rpartition(".")[2] if "." in last else ""
    if re.fullmatch(r"/v[12](/[a-z0-9<>-]+)*", _ID.sub("<id>", parts.path)):
        return f"{parts.scheme}://{parts.netloc}{_ID.sub('<id>', parts.path)}"
    return f"{parts.scheme}://{parts.netloc}/…" + (f".{ending}" if ending.isalnum() else "")
