"""v1 and v2 on the wire: request bodies out, headers and JSON in. No I/O, and never an exception.

Sources: the provider's API page for sam-3d-objects (fields, response headers), its public docs for
v2 (submit, status and response URLs, metrics), and its Python SDK 1.3.0. Value formats are
unpublished, so everything is read tolerantly and nothing is assumed to be there.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

import pybase64

from pipeline.api.links import embedded, links
from pipeline.api.reading import dumped, error_text, json_object, json_value, one_line
from pipeline.identity import plain
from pipeline.model import MICRO, Json, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Ticket

__all__ = [
    "balance",
    "embedded",
    "error_text",
    "is_completed",
    "is_cut",
    "is_failed",
    "is_free",
    "is_queued",
    "is_running",
    "json_object",
    "json_value",
    "links",
    "micro",
    "names_request",
    "one_line",
    "receipt",
    "request_body",
    "request_fields",
    "request_id",
]

_QUEUED = frozenset({"QUEUED", "PENDING", "IN_QUEUE", "PROCESSING", "IN_PROGRESS", "RUNNING"})
_COMPLETED = frozenset({"COMPLETED", "SUCCESS", "SUCCEEDED"})
_FAILED = frozenset({"FAILED", "ERROR", "CANCELLED", "CANCELED"})
_ASKED_AT = frozenset({"status_url", "response_url", "poll_url"})
_MOST_CREDITS = 10**12
_MOST_METRICS = 50
_AMOUNT_LENGTH = 64
_AMOUNT = re.compile(r"\$?\s?([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?)\s?[A-Za-z]{0,10}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_WHOLE = re.compile(r"[0-9]{1,18}")


def request_body(ticket: Ticket, image: bytes, mask: bytes | None) -> list[bytes]:
    """Build the JSON body of a submit, the same for v1 and v2, in pieces to be joined.

    `image` and `mask` are file bytes; they go as bare base64 (API page, Attributes).
    """
    pieces = [b'{"image":"', pybase64.b64encode(image), b'",']
    if mask is not None:
        pieces += [b'"mask":"', pybase64.b64encode(mask), b'",']
    return [*pieces, json.dumps(request_fields(ticket)).encode()[1:]]


def request_fields(ticket: Ticket) -> dict[str, Json]:
    """Give what goes beside the pictures: points and box as JSON text, the seed always."""
    job = ticket.job
    fields: dict[str, Json] = {
        "seed": ticket.seed,
        "include_artifacts": job.include_artifacts,
    }
    if job.prompt is not None:
        fields["prompt"] = job.prompt
    if job.point_coords is not None:
        fields["point_coords"] = json.dumps(plain(job.point_coords))
    if job.bounding_box is not None:
        fields["bounding_box"] = json.dumps(plain(job.bounding_box))
    return fields


def is_cut(body: bytes) -> bool:
    """Tell whether a body begins as a JSON object and does not end as one."""
    return body.lstrip()[:1] == b"{" and json_value(body) is None


def is_queued(answer: Mapping[str, Any]) -> bool:
    """Tell whether a submit's answer is v2's: an id, and nothing made yet.

    Without a known state, the id must stand alone or beside the URL to ask at: other fields may
    be a result that is not understood, and polling would lose it.
    """
    state = _state(answer)
    if not names_request(answer) or state in _COMPLETED | _FAILED:
        return False
    alone = not answer.keys() - {"request_id", "status"}
    return state in _QUEUED or alone or not _ASKED_AT.isdisjoint(answer)


def names_request(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer names its request, as all of v2's do."""
    return request_id(answer) is not None


def request_id(answer: Mapping[str, Any]) -> str | None:
    """Give the id by which an answer names its request, if that is one."""
    return _request_id(answer.get("request_id"))


def is_running(answer: Mapping[str, Any]) -> bool:
    """Tell whether a request is not done yet: it has a state, and that is no known end."""
    return _state(answer) not in _COMPLETED | _FAILED | {""}


def is_completed(answer: Mapping[str, Any]) -> bool:
    """Tell whether a request ended well."""
    return _state(answer) in _COMPLETED


def is_failed(answer: Mapping[str, Any]) -> bool:
    """Tell whether a request ended badly."""
    return _state(answer) in _FAILED


def is_free(headers: Mapping[str, str], answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer names no cost, or a cost of nothing; an unreadable one is a cost."""
    costs = headers.get("x-cost"), _metrics(answer).get("cost")
    return all(cost is None or cost == "" or micro(cost) == 0 for cost in costs)


def receipt(
    headers: Mapping[str, str], answer: Mapping[str, Any], *, named: bool = True
) -> Receipt:
    """Read what an answer says of itself: v1's headers, v2's `metrics`.

    v2's own id in the body goes before `x-request-id`, which a gateway may set too; that header
    names the purchase only where `named`, on the answer to a submit.
    """
    metrics = _metrics(answer)
    seconds = headers.get("x-generation-time")
    if not metrics and seconds is not None:
        metrics = {"generation_time": one_line(seconds[:40])}
    header_id = headers.get("x-request-id") if named else None
    return Receipt(
        request_id=request_id(answer) or _request_id(header_id),
        credits=_first(micro(headers.get("x-cost")), micro(metrics.get("cost"))),
        remaining=_first(
            micro(headers.get("x-remaining-credits")), micro(metrics.get("remaining_credits"))
        ),
        seed=_whole(headers.get("x-seed-value")),
        metrics=metrics,
    )


def _metrics(answer: Mapping[str, Any]) -> dict[str, Json]:
    """Keep an answer's metrics as far as they are plain values, and few: they are journaled."""
    metrics = answer.get("metrics")
    if not isinstance(metrics, dict):
        return {}
    kept = islice(metrics.items(), _MOST_METRICS)
    return {one_line(name): _plain(value) for name, value in kept}


def _plain(value: Any) -> Json:
    if isinstance(value, str):
        return one_line(value)
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    return one_line(dumped(value))


def balance(answer: Mapping[str, Any]) -> int | None:
    """Read `{"credits": 0.0, "free-credits": 0.018}` as micro-credits; None if it is not that."""
    paid = micro(answer.get("credits"))
    free = micro(answer.get("free-credits", answer.get("free_credits")))
    return None if paid is None and free is None else (paid or 0) + (free or 0)


def micro(value: object) -> int | None:
    """Read an amount of credits, exactly, as whole micro-credits; None if it is none.

    A float is taken by its shortest text, which is what the JSON said for up to 15 digits. Text
    may name its unit: `$0.065`, `0.065 credits`.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip()
    amount = _AMOUNT.fullmatch(text) if len(text) <= _AMOUNT_LENGTH else None
    if amount is None or (credits := Decimal(amount[1])) >= _MOST_CREDITS:
        return None
    return int((credits * MICRO).to_integral_value())


def _state(answer: Mapping[str, Any]) -> str:
    state = answer.get("status")
    return state.strip().upper() if isinstance(state, str) else ""


def _request_id(value: object) -> str | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _REQUEST_ID.fullmatch(text) else None


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and _WHOLE.fullmatch(value) else None


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
