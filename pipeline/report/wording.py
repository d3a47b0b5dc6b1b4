"""How numbers and states read, the same on every display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.model import MICRO, Event, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ledger import Pressure

STYLES: Mapping[Status, str] = {
    Status.PENDING: "dim",
    Status.SENT: "cyan",
    Status.ACCEPTED: "cyan",
    Status.RECEIVED: "blue",
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.INVALID: "red",
    Status.UNKNOWN: "yellow",
}
"""The colour of each state; the word always stands beside it."""


def credits_text(micro: int) -> str:
    """Write micro-credits as credits, to the fourth digit, or to the last if there are more."""
    text = f"{micro / MICRO:.6f}"
    return text.removesuffix("00")


def seconds_text(seconds: float) -> str:
    """Write a duration: 0.4s, 12s, 3m05s, 2h10m."""
    whole = round(seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def limits_text(pressed: Event | Pressure) -> str:
    """Say how hard the API is pressed, and why."""
    rate = f", {pressed.per_minute} a minute" if pressed.per_minute else ""
    reason = pressed.message if isinstance(pressed, Event) else pressed.reason
    return f"at most {pressed.limit} at once{rate}: {reason}"


def jobs_text(jobs: Mapping[Status, int]) -> str:
    """Name the states that have jobs: "12 succeeded, 3 pending"."""
    named = [f"{jobs[status]:,} {status}" for status in Status if jobs.get(status)]
    return ", ".join(named) or "no jobs"


def safe(text: str) -> str:
    """Make text from outside fit for a terminal: one line, nothing that steers it."""
    return "".join(char if char.isprintable() else " " for char in text)
