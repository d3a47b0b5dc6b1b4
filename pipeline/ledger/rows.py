"""The ledger's rows as values, and values as rows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.model import Artifact, Error, Job, Json, Link, Receipt, Status, Ticket
from pipeline.reconcile import Asked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


_FIELDS = tuple(each.name for each in fields(Job))
_encode = json.JSONEncoder(check_circular=False).encode


class Posting(NamedTuple):
    """A job of the manifest as it is registered: its fingerprint, or why it has none.

    `declared` is the fingerprint before `retry --seed` chose another seed. A tuple, because a run
    makes one of every job.
    """

    job: Job
    position: int
    fingerprint: str
    declared: str
    invalid: Error | None = None

    @property
    def status(self) -> Status:
        """What a ticket that is new starts as."""
        return Status.PENDING if self.invalid is None else Status.INVALID


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket with its place in the order of the manifest."""

    ticket: Ticket
    position: int


class Finished(NamedTuple):
    """A file of a finished job: its path and size; both None where the job has none.

    With the job's place in the order. A tuple, because a run reads one for every finished job.
    """

    id: str
    fingerprint: str
    priority: int
    position: int
    path: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A file's journal entry: the bytes stand under `temporary` until it is `placed`."""

    artifact: Artifact
    temporary: str | None
    placed: bool


@dataclass(frozen=True, slots=True)
class Purchase:
    """The attempt in a ticket's hands: what is known of the bill and of the way to the files.

    `scaled` is the size in which a picture was sent that was made smaller.
    """

    number: int
    protocol: str
    reserved: int
    sent_at: str
    settled_at: str | None
    receipt: Receipt
    links: tuple[Link, ...]
    scaled: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """An attempt of which nobody knows the bill; `ticket` is None where none waits for it.

    `resent` is the ticket that is to be sent again, and was not yet. `mine` where the job is of
    the manifest in hand. `reserved` in micro-credits.
    """

    asked: Asked
    id: str
    ticket: Ticket | None
    resent: Ticket | None
    mine: bool
    reserved: int
    body_sha256: str
    http_status: int | None
    error: str

    @property
    def counts(self) -> bool:
        """Whether it is for the manifest in hand to settle: its own, or one nobody waits for."""
        return self.mine or self.ticket is None


@dataclass(frozen=True, slots=True)
class Pressure:
    """How hard a run presses the API: the most calls in flight, why, and the most a minute."""

    limit: int
    reason: str
    per_minute: int | None = None


def posting_row(posting: Posting) -> dict[str, Any]:
    """Give a posting as the statements take it."""
    return {
        "id": posting.job.id,
        "position": posting.position,
        "priority": posting.job.priority,
        "fingerprint": posting.fingerprint,
        "declared": posting.declared,
        "spec": spec_of(posting.job),
        "status": posting.status,
        **error_columns(posting.invalid),
    }


def error_columns(error: Error | None) -> dict[str, str | None]:
    """Give an error as the statements take it.

    A lone surrogate (a file name that is no UTF-8) becomes `?`: SQLite's text could not be read
    back.
    """
    if error is None:
        return {"error_kind": None, "error_message": None}
    message = error.message.encode("utf-8", "replace").decode()
    return {"error_kind": error.kind, "error_message": message}


def spec_of(job: Job) -> str:
    """Write a job for its column."""
    return _encode({name: getattr(job, name) for name in _FIELDS})


def job_of(spec: str) -> Job:
    """Read a job back from its column."""
    stated = json.loads(spec)
    if stated["point_coords"] is not None:
        stated["point_coords"] = tuple(tuple(point) for point in stated["point_coords"])
    if stated["bounding_box"] is not None:
        stated["bounding_box"] = tuple(stated["bounding_box"])
    return Job(**stated)


def ticket_of(row: sqlite3.Row) -> Ticket:
    """Read a ticket."""
    return Ticket(
        job=job_of(row["spec"]),
        fingerprint=row["fingerprint"],
        status=Status(row["status"]),
        attempts=row["attempts"],
        twin_of=row["twin_of"],
    )


def purchase_of(row: sqlite3.Row) -> Purchase:
    """Read an attempt."""
    return Purchase(
        number=row["number"],
        protocol=row["protocol"],
        reserved=row["reserved"],
        sent_at=row["sent_at"],
        settled_at=row["settled_at"],
        receipt=Receipt(
            request_id=row["request_id"],
            credits=row["credits"] if row["state"] == "billed" and row["credits_known"] else None,
            remaining=row["remaining"],
            seed=row["seed"],
            metrics=json.loads(row["metrics"]),
        ),
        links=tuple(Link(**link) for link in json.loads(row["links"])),
        scaled=None if row["scaled"] is None else json.loads(row["scaled"]),
    )


def asked_of(row: sqlite3.Row, *, in_hand: bool = False) -> Asked:
    """Read an attempt as the history's rows are compared with it."""
    return Asked(
        number=row["number"],
        protocol=row["protocol"],
        sent_at=datetime.fromisoformat(row["sent_at"]),
        parameters=row["parameters"],
        image_sha256=row["image_sha256"],
        mask_sha256=row["mask_sha256"],
        request_id=row["request_id"],
        is_open=row["state"] == "unknown",
        is_billed=row["state"] == "billed",
        in_hand=in_hand,
    )


def unknown_of(row: sqlite3.Row) -> Unknown:
    """Read an unknown attempt."""
    return Unknown(
        asked=asked_of(row, in_hand=bool(row["in_hand"])),
        id=row["id"],
        ticket=ticket_of(row) if row["in_hand"] else None,
        resent=ticket_of(row) if row["is_free"] and row["status"] == "pending" else None,
        mine=bool(row["mine"]),
        reserved=row["reserved"],
        body_sha256=row["body_sha256"],
        http_status=row["http_status"],
        error=row["error_message"] or "",
    )


def stored_of(row: sqlite3.Row) -> Stored:
    """Read a file's journal entry."""
    artifact = Artifact(row["role"], row["path"], row["sha256"], row["bytes"])
    return Stored(artifact, row["temporary"], bool(row["placed"]))


def billed_columns(attempt: int, receipt: Receipt, links: Iterable[Link]) -> dict[str, Any]:
    """Give a bill as the statements take it."""
    return {
        "number": attempt,
        "request_id": receipt.request_id,
        "credits": receipt.credits,
        "remaining": receipt.remaining,
        "seed": receipt.seed,
        "metrics": json.dumps(receipt.metrics),
        "links": json.dumps([asdict(link) for link in links]),
    }
