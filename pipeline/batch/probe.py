"""`probe`: one call, bought as a run would, with a transcript of what the API answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline import __version__
from pipeline.api.transcript import Recording
from pipeline.batch.run import Options, run
from pipeline.batch.standing import job_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.api.transport import Transport
    from pipeline.batch.outcome import Summary
    from pipeline.ledger import JobRow
    from pipeline.manifest import Manifest
    from pipeline.model import Event, Json


@dataclass(frozen=True, slots=True)
class Probed:
    """How the probe ended, where its job stands, and what went over the wire."""

    summary: Summary
    row: JobRow
    exchanges: tuple[dict[str, Json], ...]
    api_host: str

    @property
    def sent(self) -> bool:
        """Whether anything was bought: a job that is done already sends nothing."""
        return any(_method(each) == "POST" for each in self.exchanges)

    def as_json(self) -> dict[str, Json]:
        """Give the transcript, without key and picture, as it is written to a file."""
        error = self.row.error
        return {
            "catalog3d": __version__,
            "api_host": self.api_host,
            "job": {
                "status": self.row.status,
                "error": None if error is None else {"kind": error.kind, "message": error.message},
                "files": [{"role": each.role, "bytes": each.bytes} for each in self.row.files],
            },
            "exchanges": list(self.exchanges),
        }


async def probe(
    manifest: Manifest, job: str, *, key: str | None, on_event: Callable[[Event], None]
) -> Probed:
    """Buy one job as a run would, budget and ledger included; write down every exchange.

    Raises what `run` raises.
    """
    recordings: list[Recording] = []

    def record(transport: Transport) -> Transport:
        recordings.append(Recording(transport, time.monotonic))
        return recordings[-1]

    options = Options(limit=1, only=frozenset({job}), signals=True, attempts=1, wrap=record)
    summary = await run(manifest, key=key, on_event=on_event, options=options)
    row = next(row for row in list(job_rows(manifest)) if row.id == job)
    exchanges = tuple(each for recording in recordings for each in recording.exchanges)
    host = "emulator" if manifest.api.is_emulator else urlsplit(manifest.api.url).netloc
    return Probed(summary, row, exchanges, host)


def _method(exchange: dict[str, Json]) -> Json:
    request = exchange["request"]
    return request["method"] if isinstance(request, dict) else None
