"""`probe`: one call, bought as a run would, with a transcript of what the API answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline import __version__
from pipeline.api.transcript import Recording
from pipeline.batch.run import run
from pipeline.batch.standing import job_rows
from pipeline.batch.work import Options

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
    transcript: dict[str, Json]
    sent: bool


async def probe(
    manifest: Manifest,
    job: str,
    *,
    key: str | None,
    on_event: Callable[[Event], None],
    write: Callable[[dict[str, Json]], None],
) -> Probed:
    """Buy one job as a run would, budget and ledger included; write down every exchange.

    `write` gets the transcript, without key and picture, also where the run breaks on its way;
    only if nothing was asked of the API there is none. Raises what `run` raises.
    """
    recordings: list[Recording] = []

    def record(transport: Transport) -> Transport:
        recordings.append(Recording(transport, time.monotonic))
        return recordings[-1]

    options = Options(limit=1, only=frozenset({job}), signals=True, probes=True, wrap=record)
    host = "emulator" if manifest.api.is_emulator else urlsplit(manifest.api.url).netloc
    transcript: dict[str, Json] = {"catalog3d": __version__, "api_host": host}
    try:
        summary = await run(manifest, key=key, on_event=on_event, options=options)
        row = next(row for row in list(job_rows(manifest)) if row.id == job)
        transcript["job"] = _job(row)
    finally:
        exchanges = [each for recording in recordings for each in recording.exchanges]
        sent = any(_method(each) == "POST" for each in exchanges)
        transcript["exchanges"] = list(exchanges)
        if sent:
            write(transcript)
    return Probed(summary, row, transcript, sent)


def _job(row: JobRow) -> dict[str, Json]:
    error = row.error
    return {
        "status": row.status,
        "error": None if error is None else {"kind": error.kind, "message": error.message},
        "files": [{"role": each.role, "bytes": each.bytes} for each in row.files],
    }


def _method(exchange: dict[str, Json]) -> Json:
    request = exchange["request"]
    return request["method"] if isinstance(request, dict) else None
