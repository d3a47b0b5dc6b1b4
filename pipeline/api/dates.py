"""Times that the API tells, measured against its own clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RESET = 3600.0
"""The longest wait that a reset header is believed, in seconds."""

_ROUNDED = 1.0
_SECONDS = re.compile(r"[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{10,13}(?:\.[0-9]{1,9})?")
_NO_SECONDS = 1e11


def reset_delay(headers: Mapping[str, str], now: datetime) -> float | None:
    """Give the seconds until a 429's reset; None where the answer does not tell.

    `x-rate-limit-reset-at-utc` (provider's docs; its format is unpublished: ISO-8601, an HTTP
    date, and seconds or milliseconds since 1970 are read) minus the answer's own `Date`: this
    machine's clock may be off by hours. Both may have lost their fractions, so one second more is
    waited for a reset to come. Else `Retry-After` (RFC 9110, section 10.2.3), which a gateway may
    send. From 0 to LONGEST_RESET.
    """
    sent = _http_date(headers.get("date", "")) or now
    reset = instant(headers.get("x-rate-limit-reset-at-utc", ""))
    if reset is None:
        return _retry_after(headers.get("retry-after", ""), sent)
    return _capped((reset - sent).total_seconds() + _ROUNDED)


def _retry_after(text: str, sent: datetime) -> float | None:
    if _SECONDS.fullmatch(text.strip()):
        return _capped(float(text))
    until = _http_date(text)
    return None if until is None else _capped((until - sent).total_seconds() + _ROUNDED)


def _capped(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RESET)


def instant(text: str) -> datetime | None:
    """Read a time of any plausible spelling; None for anything else. Without a zone it is UTC."""
    text = text.strip()
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _NO_SECONDS else seconds, UTC)
    try:
        read = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return _http_date(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):  # what the standard library raises
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
