"""The answers to good requests, in the shapes that the provider's public pages document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web

from . import credits
from .entry import Entry
from .shapes import Body, Fields, Files, Shape, body, fields
from .wire import Parameters
from .zipping import zipped


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, before it goes out or is spoilt."""

    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def response(self) -> web.Response:
        """Give it to the server to send."""
        return web.Response(status=self.status, body=self.data, headers=dict(self.headers))


def as_json(document: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Answer:
    """Give a JSON answer."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(json.dumps(document).encode(), kind | dict(headers or {}), status)


def blocking(entry: Entry, files: Files, content_type: str | None) -> Answer:
    """Answer a v1 call that completed; `content_type` is what a body says it is, where given."""
    headers = bill(entry)
    match body(_shape(entry), files):
        case Body() as found:
            headers["Content-Type"] = content_type or found.content_type
            if found.zipped:
                return Answer(zipped(found.data), headers | {"Content-Encoding": "gzip"})
            return Answer(found.data, headers)
        case found:
            status = "success" if "output" in found else "Success"
            seconds = entry.milliseconds / 1000
            return as_json({"status": status, **found, "inference_time": seconds}, headers)


def failed(entry: Entry) -> Answer:
    """Answer a v1 call whose work failed."""
    return as_json({"error": entry.error}, bill(entry), 500)


def submitted(base: str, entry: Entry) -> Fields:
    """Answer a v2 submit; `base` is the URL of the API's root without a slash at its end."""
    return {
        "request_id": entry.id,
        "status": "QUEUED",
        "poll_url": f"{base}/v1/requests/{entry.id}",
        **_urls(base, entry),
    }


def status(base: str, entry: Entry) -> Fields:
    """Answer a v2 status call."""
    match entry.status:
        case "COMPLETED":
            metrics = {"inference_time": entry.milliseconds / 1000}
            return {"status": entry.status, "request_id": entry.id, "metrics": metrics}
        case "FAILED":
            return _failed(entry)
        case _:
            here = {"status": entry.status, "request_id": entry.id}
            return here | _urls(base, entry) | {"metrics": {}}


def response(entry: Entry, files: Files) -> Fields:
    """Answer a v2 result call of a request that completed."""
    return {
        "status": entry.status,
        "request_id": entry.id,
        "error": None,
        "output": None,
        **fields(_shape(entry), files),
        "metrics": {
            **_cost(entry),
            "inference_time": entry.milliseconds / 1000,
            "queue_time": _seconds(entry.received_at, entry.started_at),
            "total_time": _seconds(entry.received_at, entry.finished_at),
        },
    }


def bill(entry: Entry) -> dict[str, str]:
    """Give the headers of a v1 call whose work has ended; an unbilled one has but its id."""
    if entry.remaining_micro is None:
        return {"x-request-id": entry.id}
    return {
        "x-cost": credits.plain(entry.billed_micro),
        "x-remaining-credits": credits.plain(entry.remaining_micro),
        "x-request-id": entry.id,
        "x-generation-time": f"{entry.milliseconds / 1000:.3f}",
        "x-seed-value": str(Parameters.from_text(entry.params or "{}").seed),
    }


def _shape(entry: Entry) -> Shape:
    return cast("Shape", entry.shape)  # entered by ourselves


def _failed(entry: Entry) -> Fields:
    return {
        "status": entry.status,
        "request_id": entry.id,
        "error": entry.error,
        "metrics": {
            **(_cost(entry) if entry.billed_micro else {}),
            "total_time": _seconds(entry.received_at, entry.finished_at),
        },
    }


def _cost(entry: Entry) -> dict[str, float]:
    return {
        "cost": credits.number(entry.billed_micro),
        "remaining_credits": credits.number(entry.remaining_micro or 0),
    }


def _urls(base: str, entry: Entry) -> dict[str, str]:
    here = f"{base}/v2/requests/{entry.id}"
    return {"status_url": f"{here}/status", "response_url": here}


def _seconds(start: float, end: float | None) -> float:
    return round((end or start) - start, 3)
