"""Gathers what is known at the end of a round: over HTTP, from SQLite, from disk, from commands."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import urllib.request
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pybase64
from catalogue import KEY
from torture.evidence import Attempt, Evidence, Request, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torture.processes import Processes
    from torture.stage import Stage

_PAGE = 100
_ATTEMPTS = """
SELECT attempt.number, attempt.id, attempt.fingerprint, attempt.state, attempt.body_sha256,
       attempt.credits, attempt.credits_known, attempt.request_id, attempt.sent_at,
       ticket.spec ->> 'prompt', ticket.spec ->> 'seed'
FROM attempt JOIN ticket USING (id, fingerprint) ORDER BY attempt.number
"""
_MODELS = "SELECT request_id, name FROM file WHERE role GLOB 'model*'"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a round's evidence is found."""

    stage: Stage
    processes: Processes


def gather(sources: Sources) -> Evidence:
    """Gather everything but the models that were made; no run may be under way any more."""
    stage = sources.stage
    buys, standing, attempts = _ledger(stage.ledger)
    printed = sources.processes.run("status", stage.manifest, "--json")
    return Evidence(
        requests=_requests(stage.urls["url"]),
        history=_history(stage.urls["history_url"]),
        attempts=attempts,
        rows=rows(sources),
        statuses=json.loads(printed.out),
        buys=buys,
        standing=standing,
        disk=_files(stage.output),
    )


def rows(sources: Sources) -> list[dict[str, Any]]:
    """Give the jobs as the command lists them."""
    listed = sources.processes.run("jobs", sources.stage.manifest, "--format", "jsonl")
    return [json.loads(line) for line in listed.out.splitlines()]


def account(url: str) -> Any:
    """Ask the local API for its books."""
    return _asked(f"{url}/emulator/books?limit=10000")


def _asked(url: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"x-api-key": KEY})) as answer:
        return json.load(answer)


def _requests(url: str) -> list[Request]:
    return [
        Request(
            id=each["request_id"],
            status=each["status"],
            billed=each["billed_micro"],
            body=each["body_sha256"],
            image=each["image_sha256"],
            fault=each["fault"],
        )
        for each in account(url)["requests"]
    ]


def with_models(evidence: Evidence, books: Path) -> Evidence:
    """Add what was made; the local API has ended, and its books are no longer locked."""
    models: dict[str, set[str]] = {}
    with closing(sqlite3.connect(books / "books.sqlite")) as db:
        for request, name in db.execute(_MODELS):
            data = (books / "files" / name).read_bytes()
            models.setdefault(request, set()).add(hashlib.sha256(data).hexdigest())
    requests = [
        replace(each, models=frozenset(models.get(each.id, ()))) for each in evidence.requests
    ]
    return replace(evidence, requests=requests)


def _history(url: str) -> list[Told] | None:
    """Read every page, as any client would; None where there is no history."""
    try:
        return [_told(row) for row in {row["request_id"]: row for row in _pages(url)}.values()]
    except HTTPError as refusal:
        with refusal:
            return None


def _pages(url: str) -> Iterator[dict[str, Any]]:
    today = datetime.now(UTC).date()
    days = f"from_date={today - timedelta(days=1)}&to_date={today + timedelta(days=1)}"
    page, more = 1, True
    while more:
        found = _asked(f"{url}?{days}&per_page={_PAGE}&page={page}")
        yield from found["results"]
        more, page = len(found["results"]) == _PAGE, page + 1


def _told(row: dict[str, Any]) -> Told:
    asked = row["request_body"]
    return Told(
        request_id=row["request_id"],
        status=row["model_status"],
        parameters=_parameters(asked["prompt"], asked["seed"]),
        image=_digest(asked.get("image")),
    )


def _digest(image: str | None) -> str | None:
    if image is None or image.startswith("sha256:"):
        return image and image.removeprefix("sha256:")
    return hashlib.sha256(pybase64.b64decode(image)).hexdigest()


def _parameters(prompt: str, seed: int) -> str:
    """Name what the scenes' jobs are told apart by, beside their pictures."""
    return f"{prompt} / {seed}"


def _ledger(path: Path) -> tuple[dict[str, str], dict[tuple[str, str], str], list[Attempt]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        buys = dict(db.execute("SELECT id, fingerprint FROM job"))
        tickets = db.execute("SELECT id, fingerprint, status FROM ticket").fetchall()
        attempts = [_attempt(row) for row in db.execute(_ATTEMPTS)]
    return buys, {(id_, print_): status for id_, print_, status in tickets}, attempts


def _attempt(row: tuple[Any, ...]) -> Attempt:
    return Attempt(
        number=row[0],
        job=row[1],
        fingerprint=row[2],
        state=row[3],
        body=row[4],
        credits=row[5],
        credits_known=bool(row[6]),
        request_id=row[7],
        sent_at=datetime.fromisoformat(row[8]).timestamp(),
        parameters=_parameters(row[9], row[10]),
    )


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "ledger.sqlite" not in path.name
    }
