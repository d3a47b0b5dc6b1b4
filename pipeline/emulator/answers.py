"""The answers to good requests, in the shapes that the provider's public pages document."""

from typing import Any

from . import credits
from .books import Entry
from .wire import Parameters

GLB = "model/gltf-binary"


def blocking_headers(entry: Entry) -> dict[str, str]:
    """Give the headers of a blocking call that completed; its body is the GLB itself."""
    return {
        "Content-Type": GLB,
        "x-cost": credits.plain(entry.billed_micro),
        "x-remaining-credits": credits.plain(entry.remaining_micro or 0),
        "x-request-id": entry.id,
        "x-generation-time": f"{entry.milliseconds / 1000:.3f}",
        "x-seed-value": str(Parameters.from_text(entry.params or "{}").seed),
    }


def submitted(base: str, entry: Entry) -> dict[str, Any]:
    """Answer a v2 submit; `base` is the URL of the API's root without a slash at its end."""
    return {
        "request_id": entry.id,
        "status": "QUEUED",
        "poll_url": f"{base}/v1/requests/{entry.id}",
        **_urls(base, entry),
    }


def status(base: str, entry: Entry) -> dict[str, Any]:
    """Answer a v2 status call."""
    match entry.status:
        case "COMPLETED":
            metrics = {"inference_time": entry.milliseconds / 1000}
            return {"status": entry.status, "request_id": entry.id, "metrics": metrics}
        case "FAILED":
            return _failed(entry)
        case _:
            here = {"status": entry.status, "request_id": entry.id}
            return here | _urls(base, entry) | {"metrics": {}}


def response(base: str, entry: Entry) -> dict[str, Any]:
    """Answer a v2 result call: a request that still runs gives its status."""
    if entry.status != "COMPLETED":
        return status(base, entry)
    return {
        "status": entry.status,
        "request_id": entry.id,
        "error": None,
        "output": f"{base}/files/{entry.result}",
        "metrics": {
            "cost": credits.number(entry.billed_micro),
            "remaining_credits": credits.number(entry.remaining_micro or 0),
            "inference_time": entry.milliseconds / 1000,
            "queue_time": _seconds(entry.received_at, entry.started_at),
            "total_time": _seconds(entry.received_at, entry.finished_at),
        },
    }


def _failed(entry: Entry) -> dict[str, Any]:
    return {
        "status": entry.status,
        "request_id": entry.id,
        "error": entry.error,
        "metrics": {"total_time": _seconds(entry.received_at, entry.finished_at)},
    }


def _urls(base: str, entry: Entry) -> dict[str, str]:
    here = f"{base}/v2/requests/{entry.id}"
    return {"status_url": f"{here}/status", "response_url": here}


def _seconds(start: float, end: float | None) -> float:
    return round((end or start) - start, 3)
