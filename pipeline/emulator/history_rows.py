"""The rows of the request history: one for each output of a request, with its whole cost."""

import json
from typing import Any

from . import credits
from .clock import iso
from .entry import COLUMNS, Entry
from .history_query import Query
from .parts import MODEL, Parts

_COLUMNS = ", ".join(f"request.{name}" for name in COLUMNS)
_FROM = (
    "FROM request"
    " LEFT JOIN file ON file.request_id = request.id AND file.role GLOB 'model*'"
    " JOIN (SELECT 1 AS copy UNION ALL SELECT 2) ON copy <= ?"
    " WHERE request.status <> 'REFUSED' AND request.received_at <= ?"
)
_STATUSES = {"QUEUED": "PENDING", "PROCESSING": "PENDING"}

Row = tuple[Entry, str | None]


def select(parts: Parts, query: Query) -> list[Row]:
    """Give the rows of a page, as request and output; those that have not landed are not seen."""
    tail = f"ORDER BY request.ordinal {query.order}, file.rowid, copy LIMIT ? OFFSET ?"
    rows = parts.books.rows(
        f"SELECT {_COLUMNS}, file.name {_FROM} AND {query.condition} {tail}",
        (*_seen(parts), *query.values, query.per_page, (query.page - 1) * query.per_page),
    )
    return [(Entry(**dict(zip(COLUMNS, row[:-1], strict=True))), row[-1]) for row in rows]


def count(parts: Parts, query: Query) -> int:
    """Count the rows of all pages."""
    select = f"SELECT count(*) {_FROM} AND {query.condition}"
    return parts.books.number(select, (*_seen(parts), *query.values))


def as_json(parts: Parts, entry: Entry, name: str | None) -> str:
    """Write a row; it opens a file, and so belongs in a thread."""
    finished = entry.finished_at
    took = None if finished is None else round((finished - entry.received_at) * 1000)
    row = {
        "request_id": entry.id,
        "model_name": MODEL,
        "model_status": _STATUSES.get(entry.status, entry.status),
        "credits_deduction": credits.number(entry.billed_micro),
        "request_body": _body(parts, entry),
        "generation_url": None if name is None else parts.link(name),
        "latency_ms": took,
        "error": entry.error,
        "created_at": iso(entry.received_at),
        "updated_at": iso(finished or entry.started_at or entry.received_at),
    }
    return json.dumps(row)


def _seen(parts: Parts) -> tuple[int, float]:
    it = parts.settings
    return 2 if it.history_duplicates else 1, parts.now() - it.history_delay


def _body(parts: Parts, entry: Entry) -> dict[str, Any]:
    """Give the inputs, the pictures as the settings will have them."""
    fields: dict[str, Any] = json.loads(entry.params or "{}")
    digests = {"image": entry.image_sha256, "mask": entry.mask_sha256}
    match parts.settings.history_images:
        case "none":
            return fields
        case "sha256":
            return {name: f"sha256:{text}" for name, text in digests.items() if text} | fields
        case "sent":
            path = parts.books.bodies / f"{entry.body_sha256}.json"
            sent: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else fields
            return sent
