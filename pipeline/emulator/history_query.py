"""What is asked of the request history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .parts import MODEL
from .refusal import RefusalError

_DAY = 86_400.0
_MOST_DAYS = 31
_USUAL_DAYS = 7
_STATUSES = {
    "COMPLETED": "status = 'COMPLETED'",
    "FAILED": "status = 'FAILED'",
    "PENDING": "status IN ('QUEUED', 'PROCESSING')",
    "": "TRUE",
}


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows, newest first or oldest: `condition` is SQL on `request`, with its `values`."""

    condition: str
    values: tuple[object, ...]
    page: int = 1
    per_page: int = 1
    order: str = "desc"


def query(given: Mapping[str, str], now: float) -> Query:
    """Read the query string; `now` is in Unix seconds. Raises RefusalError 400."""
    today = datetime.fromtimestamp(now, UTC).date()
    until = _day(given, "to_date", today)
    since = _day(given, "from_date", until - timedelta(days=_USUAL_DAYS))
    if not 0 <= (until - since).days < _MOST_DAYS:
        raise RefusalError(400, f"from_date to to_date must span 1 to {_MOST_DAYS} days")
    status = given.get("status", "")
    if status not in _STATUSES:
        raise RefusalError(400, "status must be COMPLETED, FAILED or PENDING")
    order = given.get("sort_order", "desc")
    if order not in {"asc", "desc"}:
        raise RefusalError(400, "sort_order must be asc or desc")
    return Query(
        f"received_at >= ? AND received_at < ? AND instr(?, ?) > 0 AND {_STATUSES[status]}",
        (_midnight(since), _midnight(until) + _DAY, MODEL, given.get("model_name", "")),
        _number(given, "page", 1, 1_000_000),
        _number(given, "per_page", 20, 100),
        order,
    )


def _day(given: Mapping[str, str], name: str, usual: date) -> date:
    text = given.get(name, "")
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date() if text else usual
    except ValueError:
        raise RefusalError(400, f"{name} must be a date like 2025-12-31") from None


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _number(given: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = given.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and 1 <= int(text) <= most):
        raise RefusalError(400, f"{name} must be a number from 1 to {most}")
    return int(text)
