"""Progress as plain lines, for files and cron mails; or as JSON lines, for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.model import MICRO, Event, Status
from pipeline.report.board import Board
from pipeline.report.wording import credits_text, jobs_text, limits_text, safe, seconds_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TextIO

_IN_PASSING = frozenset({Status.SENT, Status.ACCEPTED, Status.RECEIVED})


class Lines:
    """Writes a line for what a person would want to know of.

    `verbosity` -1 leaves only stops, 1 adds every state in passing. Times are local.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        verbosity: int,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._out = out
        self._verbosity = verbosity
        self._now = now
        self._clock = clock
        self._board = Board()

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        self._board.take(event, self._clock())
        line = self._line(event)
        if line is not None:
            self._out.write(f"{self._now():%H:%M:%S} {safe(line)}\n")
            self._out.flush()

    def _line(self, event: Event) -> str | None:
        if self._verbosity < 0 and event.name != "stop":
            return None
        match event.name:
            case "start":
                return jobs_text(event.jobs)
            case "hold":
                return f"rate limit: all wait {seconds_text(event.seconds)} ({event.message})"
            case "limits":
                return self._limits(event)
            case "job":
                return self._job(event)
            case "note" | "stop":
                return event.message if event.name == "note" else f"stopping: {event.message}"

    def _limits(self, event: Event) -> str | None:
        return limits_text(event) if event.notable or self._verbosity > 0 else None

    def _job(self, event: Event) -> str | None:
        passing = event.error is None and event.status in _IN_PASSING
        limited = event.error is not None and event.error.kind == "rate_limited"
        if (passing or limited) and self._verbosity < 1:
            return None
        board = self._board
        said = f": {event.error.message}" if event.error else ""
        cost = f" {credits_text(event.credits)} credits" if event.credits else ""
        return f"[{board.done}/{board.total}] {event.job} {event.status}{cost}{said}"


class JsonLines:
    """Writes every event as one JSON object a line."""

    def __init__(self, out: TextIO, *, now: Callable[[], datetime]) -> None:
        self._out = out
        self._now = now

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        fields = {name: value for name, value in asdict(event).items() if value or value == 0}
        fields["event"] = fields.pop("name")
        fields["credits"] = event.credits / MICRO
        if event.remaining is not None:
            fields["remaining"] = event.remaining / MICRO
        line = {"at": self._now().isoformat(timespec="milliseconds"), **fields}
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()
