"""The provider's list of requests, read without trust.

Sources: the provider's Python SDK 1.3.0 (paths, filters, the fields of a row); the envelope of a
page is unpublished, so the list is looked for. A row stands for one output: rows of the same
request are one request with several files.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pybase64

from pipeline.api import wire
from pipeline.api.dates import instant
from pipeline.reconcile import Row, RowState, canonical

_LEAST_PICTURE = 64
_DEEPEST = 3
_TIMES = ("created_at", "createdAt", "created", "timestamp")
_STATES = {
    "COMPLETED": RowState.COMPLETED,
    "SUCCESS": RowState.COMPLETED,
    "SUCCEEDED": RowState.COMPLETED,
    "FAILED": RowState.FAILED,
    "ERROR": RowState.FAILED,
}


def page_rows(body: bytes) -> list[Row] | None:
    """Read a page, or the answer to one id; rows of one request are made one.

    None where it holds no list of requests, or one that cannot be told apart.
    """
    found = _requests_in(wire.json_value(body), depth=0)
    if found is None:
        return None
    rows: dict[str, Row] = {}
    for each in found:
        row = row_of(each)
        if row is None:
            return None
        before = rows.get(row.request_id)
        rows[row.request_id] = row if before is None else before.joined(row)
    return list(rows.values())


def row_of(given: object) -> Row | None:
    """Read one request; None where it does not say which one it is."""
    if not isinstance(given, dict):
        return None
    request_id = wire.request_id(given)
    if request_id is None:
        return None
    sent = given.get("request_body")
    sent = wire.json_value(sent) if isinstance(sent, str) else sent
    fields = sent if isinstance(sent, dict) else {}
    state = str(given.get("model_status", given.get("status"))).upper()
    created = next((given[name] for name in _TIMES if given.get(name)), None)
    cost = given.get("credits_deduction")
    return Row(
        request_id=request_id,
        state=_STATES.get(state, RowState.PENDING),
        credits=None if cost is None else wire.micro(cost),
        parameters=canonical(fields),
        image_sha256=picture_sha256(fields.get("image")),
        mask_sha256=picture_sha256(fields.get("mask")),
        created_at=instant(created) if isinstance(created, str) else None,
        links=wire.links({"output": given.get("generation_url")}),
        error=wire.error_text(given, b""),
    )


def picture_sha256(given: object) -> str | None:
    """Hash the picture that base64 text holds; None for anything else, a URL or a name of it."""
    if not isinstance(given, str):
        return None
    text = given.partition(";base64,")[2] if given.startswith("data:") else given
    try:
        picture = pybase64.b64decode(text, validate=True)
    except ValueError:
        return None
    return hashlib.sha256(picture).hexdigest() if len(picture) >= _LEAST_PICTURE else None


def _requests_in(given: Any, depth: int) -> list[Any] | None:
    """Find the list of requests; an empty one only where there is no other list."""
    if isinstance(given, dict) and wire.request_id(given) is not None:
        return [given]
    if depth == _DEEPEST or not isinstance(given, dict | list):
        return None
    if isinstance(given, list):
        asked = any(isinstance(each, dict) and wire.request_id(each) for each in given)
        return given if asked or not given else None
    found = [_requests_in(each, depth + 1) for each in given.values()]
    lists = [each for each in found if each is not None]
    return max(lists, key=len, default=None)
