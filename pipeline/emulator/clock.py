"""Times as the wire writes them."""

from datetime import UTC, datetime
from email.utils import format_datetime


def iso(seconds: float) -> str:
    """Write Unix seconds as ISO 8601 in UTC, to the millisecond."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def http_date(seconds: float) -> str:
    """Write Unix seconds as an HTTP `Date` header has them (RFC 9110, section 5.6.7)."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
