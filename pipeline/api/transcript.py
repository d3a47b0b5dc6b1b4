"""What goes over the wire, written down for a bug report: shapes and sizes, no key, no picture."""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.api.answer import Answer
from pipeline.api.reading import json_value
from pipeline.errors import ApiError
from pipeline.formats import HEAD_BYTES, Format, sniff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pipeline.api.transport import Request, Transport
    from pipeline.model import Json

_LARGEST_TEXT = 64 << 10
_HEAD = 16
_LONGEST = 200
_DEEPEST = 8
_LONGEST_WORD = 40
_MOST_READ = 2048
_SPACE = re.compile(r"(\s+)")
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{24,}")
_OWN = re.compile(r"/v[12]/(?:sam-3d-objects|requests/<id>(?:/status)?|get-user-credits)")
_TYPE = re.compile(r"(?:application|image|model|text|multipart)/[a-z0-9.+-]{1,30};?")
_BINARY = frozenset(Format) - {Format.JSON, Format.HTML, Format.BASE64}
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
                pieces = self._tapped(answer, told, request)
                yield Answer(answer.status, answer.headers, pieces, answer.on_end)
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
    asked: dict[str, Json] = {"method": request.method, "url": _called(request.url)}
    if request.body is not None:
        fields = json_value(b"".join(request.body.pieces()))
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
    start = start.replace(key.encode(), b"[key]") if key else start
    value = json_value(start) if len(start) <= _LARGEST_TEXT else None
    if isinstance(value, dict | list | str):
        return {"json": _sanitised(value, key, 0)}
    if sniff(start[:HEAD_BYTES]) in _BINARY:
        return {"head": start[:_HEAD].hex()}
    return {"text": _plain(start[:_MOST_READ].decode("utf-8", "replace"), key)}


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
    """Take key, ids, and all that may open something out of a text, and cut it short."""
    bare = unescape(text[:_MOST_READ])
    without = bare.replace(key, "[key]") if key else bare
    said = "".join(_word(each) for each in _SPACE.split(without))
    cut = len(said) > _LONGEST or len(text) > _MOST_READ
    return f"{said[:_LONGEST]}… ({len(text)})" if cut else said


def _word(word: str) -> str:
    if "://" in word:
        return _place(word)
    if len(word) > _LONGEST_WORD:
        return f"<{len(word)} characters>"
    if _ID.fullmatch(word.strip('",;')):
        return "<id>"
    return word if "/" not in word or _TYPE.fullmatch(word) else "<path>"


def _place(url: str) -> str:
    """Give a URL's host, and what kind of thing it names; never what would open it."""
    try:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "<url>"
    ending = parts.path.rpartition("/")[2].rpartition(".")[2]
    kind = f".{ending}" if 2 <= len(ending) <= 4 and ending.isalnum() else ""
    return f"{host}/…{kind}"


def _called(url: str) -> str:
    """Give a URL that this program called: with its path where that is the API's own."""
    path = "/".join(
        "<id>" if _ID.fullmatch(step) else step for step in urlsplit(url).path.split("/")
    )
    return _place(url).partition("/…")[0] + path if _OWN.fullmatch(path) else _place(url)
