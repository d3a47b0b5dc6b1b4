"""Verified files under their names, their provenance beside them, and the job's end."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from pipeline.errors import FormatError
from pipeline.model import MICRO, Artifact, Error, Json, Status, Ticket
from pipeline.perform.looking import LARGE, Look, look_at_all
from pipeline.perform.naming import Names, journaled, own_sidecar, sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.formats import Summary
    from pipeline.ledger import Purchase, Stored
    from pipeline.model import Job
    from pipeline.perform.desk import Desk

RAW = "raw"
"""The role of a billed body that nobody understands."""


async def place(desk: Desk, ticket: Ticket, purchase: Purchase, files: Sequence[Stored]) -> Ticket:
    """Verify, name, rename, describe: `→ succeeded`; or `→ failed` with the bad result kept."""
    looks = await _looked_at(desk, ticket, files)
    named = await _journaled(desk, ticket, files, looks)
    summary = looks[0].summary
    if isinstance(summary, FormatError):
        await _take_places(desk, named)
        message = f"billed, but the result is no whole model: {summary}; it is kept"
        return await _failed(desk, ticket, Error("bad_result", message))
    first = named[0].artifact.path
    is_free = first == looks[0].wanted and not looks[0].has_sidecar
    path = sidecar(first) if is_free else await own_sidecar(desk, ticket, first)
    artifacts = [each.artifact for each in named]
    origin = provenance(desk, ticket, purchase, artifacts, summary)
    await _take_places(desk, named, (path, origin))
    done = await desk.moves.finished(ticket, Status.SUCCEEDED)
    return desk.tell(ticket, done)


async def keep_raw(
    desk: Desk, ticket: Ticket, purchase: Purchase, files: Sequence[Stored], error: Error
) -> Ticket:
    """Give an answer that nobody understands, and what it brought, lasting names.

    The body comes first, and is what a later version reads; the job stays received.
    """
    body, *others = files
    path = f"{desk.store.stem(ticket.job.id)}.answer.{purchase.number}.bin"
    raw = replace(body, artifact=replace(body.artifact, role=RAW, path=path))
    looks = await _looked_at(desk, ticket, others)
    named = await _journaled(desk, ticket, others, looks, raw)
    await _take_places(desk, named)
    kept = await desk.moves.finished(ticket, Status.RECEIVED, error=error)
    return desk.tell(ticket, kept, error=error)


def provenance(
    desk: Desk,
    ticket: Ticket,
    purchase: Purchase,
    artifacts: Sequence[Artifact],
    summary: Summary | None,
) -> dict[str, Json]:
    """Say, for a sidecar, where a result comes from, and what it holds."""
    job = {name: value for name, value in _fields(ticket.job) if name != "line"}
    receipt, bought_by = purchase.receipt, ticket.twin_of or ticket.job.id
    paid = 0 if ticket.twin_of else receipt.credits
    return {
        "job": job,
        "fingerprint": ticket.fingerprint,
        "seed": ticket.seed if receipt.seed is None else receipt.seed,
        "request_id": receipt.request_id,
        "credits": None if paid is None else paid / MICRO,
        "bought_by": bought_by,
        "files": [dict(_fields(each)) for each in artifacts],
        "model": None if summary is None else _contents(summary),
        **({"sent": purchase.scaled} if purchase.scaled else {}),
        "sent_at": purchase.sent_at,
        "received_at": purchase.settled_at,
        "stored_at": desk.now().isoformat(timespec="milliseconds"),
        "metrics": dict(receipt.metrics),
        **desk.provenance,
    }


def _fields(value: Job | Artifact | Summary) -> Iterator[tuple[str, Any]]:
    """Give a frozen value's fields as they are: `asdict` would copy each at any depth."""
    return ((each.name, getattr(value, each.name)) for each in fields(value))


async def _looked_at(desk: Desk, ticket: Ticket, files: Sequence[Stored]) -> list[Look]:
    large = sum(each.artifact.bytes for each in files) >= LARGE
    hop = desk.store.heavy if large else desk.store.hop
    return await hop(look_at_all, desk.store, desk.store.stem(ticket.job.id), files)


async def _journaled(
    desk: Desk, ticket: Ticket, files: Sequence[Stored], looks: Sequence[Look], *first: Stored
) -> list[Stored]:
    """Name the files, and journal them with those that come `first`, before the renames."""

    async def named(names: Names) -> list[Stored]:
        pairs = zip(files, looks, strict=True)
        return [*first, *[await _named(names, *each) for each in pairs]]

    return await journaled(desk, ticket, named)


async def _named(names: Names, file: Stored, look: Look) -> Stored:
    """Choose a file's name by its role and its bytes; what stands there already is kept."""
    if file.placed:
        return file
    path = await names.free(look.ending, is_taken=look.is_taken)
    return replace(file, artifact=replace(file.artifact, path=path))


async def _take_places(
    desk: Desk, files: Sequence[Stored], described: tuple[str, Mapping[str, Json]] | None = None
) -> None:
    renames = [(each.temporary, each.artifact.path) for each in files if each.temporary]
    if renames or described is not None:
        await desk.store.place(renames, described)


async def _failed(desk: Desk, ticket: Ticket, error: Error) -> Ticket:
    failed = await desk.moves.finished(ticket, Status.FAILED, error=error)
    return desk.tell(ticket, failed, error=error)


def _contents(summary: Summary) -> dict[str, Json]:
    return {key: value for key, value in _fields(summary) if value not in (None, (), 0)}
