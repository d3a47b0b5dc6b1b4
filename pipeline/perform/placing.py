"""Verified files under their names, their provenance beside them, and the job's end."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from anyio import to_thread

from pipeline.api import wire
from pipeline.errors import FormatError
from pipeline.formats import HEAD_BYTES, Summary, sniff, verify
from pipeline.model import MICRO, Artifact, Error, Json, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ledger import Purchase, Stored
    from pipeline.perform.desk import Desk

_LARGEST_SIDECAR = 1 << 24
RAW = "raw"
"""The role of a billed body that nobody understands."""


async def place(desk: Desk, ticket: Ticket, purchase: Purchase, files: Sequence[Stored]) -> Ticket:
    """Verify, name, rename, describe: `→ succeeded`; or `→ failed` with the bad result kept."""
    summaries = [await _verified(desk, each) for each in files]
    named = [
        await _named(desk, ticket, each, summary)
        for each, summary in zip(files, summaries, strict=True)
    ]
    artifacts = await _take_places(desk, ticket, named)
    if isinstance(summaries[0], FormatError):
        message = f"billed, but the result is no whole model: {summaries[0]}; it is kept"
        return await _failed(desk, ticket, artifacts, Error("bad_result", message))
    await describe(desk, ticket, purchase, artifacts, summaries[0])
    done = await desk.moves.finished(ticket, Status.SUCCEEDED, artifacts)
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
    named = [await _named(desk, ticket, each, await _verified(desk, each)) for each in others]
    artifacts = await _take_places(desk, ticket, [raw, *named])
    kept = await desk.moves.finished(ticket, Status.RECEIVED, artifacts, error=error)
    return desk.tell(ticket, kept, error=error)


async def describe(
    desk: Desk,
    ticket: Ticket,
    purchase: Purchase,
    artifacts: Sequence[Artifact],
    summary: Summary | None,
) -> None:
    """Write the sidecar: where a result comes from, and what it holds."""
    job = asdict(ticket.job)
    del job["line"]
    receipt, bought_by = purchase.receipt, ticket.twin_of or ticket.job.id
    paid = 0 if ticket.twin_of else receipt.credits
    await desk.store.write_json(
        await _own_sidecar(desk, ticket, artifacts[0].path),
        {
            "job": job,
            "fingerprint": ticket.fingerprint,
            "seed": ticket.seed if receipt.seed is None else receipt.seed,
            "request_id": receipt.request_id,
            "credits": None if paid is None else paid / MICRO,
            "bought_by": bought_by,
            "files": [asdict(each) for each in artifacts],
            "model": None if summary is None else _contents(summary),
            "sent_at": purchase.sent_at,
            "received_at": purchase.settled_at,
            "stored_at": desk.now().isoformat(timespec="milliseconds"),
            "metrics": dict(receipt.metrics),
            **desk.provenance,
        },
    )


async def _verified(desk: Desk, file: Stored) -> Summary | FormatError:
    path = desk.store.path(file.temporary or file.artifact.path)
    try:
        return await to_thread.run_sync(verify, path)
    except FormatError as error:
        return error


async def _named(
    desk: Desk, ticket: Ticket, file: Stored, summary: Summary | FormatError
) -> Stored:
    """Choose a file's name by its role and its bytes; what stands there already is kept."""
    if file.placed:
        return file
    role = file.artifact.role
    middle = "" if role == "result" else f".{role}"
    if isinstance(summary, FormatError):
        found = sniff(await desk.store.read(file.temporary or "", HEAD_BYTES))
        ending = f"{middle}.bad.{found or 'bin'}"
    else:
        ending = f"{middle}.{summary.format}"
    path = await free_name(desk, ticket, ending)
    return replace(file, artifact=replace(file.artifact, path=path))


async def free_name(desk: Desk, ticket: Ticket, ending: str) -> str:
    """Give the path for a ticket's file, moving an older version of the same job out of the way.

    A path that anybody else's file stands at is left to it.
    """
    stem = desk.store.stem(ticket.job.id)
    wanted = f"{stem}{ending}"
    owner = await desk.lookup.owner_of(wanted)
    if owner == (ticket.job.id, ticket.fingerprint):
        return wanted
    if owner is not None and owner[0] == ticket.job.id:
        await _supersede(desk, wanted, f"{stem}.{owner[1][:8]}{ending}")
        return wanted
    if owner is None and not await _exists(desk, wanted):
        return wanted
    return f"{stem}.{ticket.fingerprint[:8]}{ending}"


async def take_name_back(desk: Desk, ticket: Ticket, artifact: Artifact) -> None:
    """Give a file that was superseded its first name again, now that its job is wanted anew."""
    stem, print_ = desk.store.stem(ticket.job.id), ticket.fingerprint[:8]
    ending = artifact.path.removeprefix(f"{stem}.{print_}")
    if ending == artifact.path:
        return
    wanted = await free_name(desk, ticket, ending)
    if wanted == artifact.path:
        return
    for old, new in ((artifact.path, wanted), (sidecar(artifact.path), sidecar(wanted))):
        if await _exists(desk, old):
            await desk.store.keep_also_as(old, f"{new}.part")
            await desk.store.place([(f"{new}.part", new)])
    await desk.moves.renamed(artifact.path, wanted)
    for old in (artifact.path, sidecar(artifact.path)):
        await desk.store.remove(old)


def sidecar(path: str) -> str:
    """Give the path of the provenance beside a file."""
    return path.rpartition(".")[0] + ".json"


async def _own_sidecar(desk: Desk, ticket: Ticket, path: str) -> str:
    """Give the sidecar's path; somebody else's file of that name is left alone."""
    wanted = sidecar(path)
    if not await _exists(desk, wanted):
        return wanted
    there = wire.json_object(await desk.store.read(wanted, _LARGEST_SIDECAR))
    stem = desk.store.stem(ticket.job.id)
    return wanted if "fingerprint" in there else f"{stem}.{ticket.fingerprint[:8]}.json"


async def _supersede(desk: Desk, path: str, other: str) -> None:
    """Let a paid result that is no longer current go by another name, with its sidecar.

    Linked first, then journaled, then taken over by the rename: at no moment is the older file
    without the name that the ledger has for it.
    """
    for old, new in ((path, other), (sidecar(path), sidecar(other))):
        if await _exists(desk, old):
            await desk.store.keep_also_as(old, new)
    await desk.moves.renamed(path, other)


async def _exists(desk: Desk, path: str) -> bool:
    return await to_thread.run_sync(desk.store.path(path).exists)


async def _take_places(desk: Desk, ticket: Ticket, files: Sequence[Stored]) -> list[Artifact]:
    await desk.moves.stored(ticket, files)
    renames = [(each.temporary, each.artifact.path) for each in files if each.temporary]
    if renames:
        await desk.store.place(renames)
    return [each.artifact for each in files]


async def _failed(
    desk: Desk, ticket: Ticket, artifacts: Sequence[Artifact], error: Error
) -> Ticket:
    failed = await desk.moves.finished(ticket, Status.FAILED, artifacts, error=error)
    return desk.tell(ticket, failed, error=error)


def _contents(summary: Summary) -> dict[str, Json]:
    return {key: value for key, value in asdict(summary).items() if value not in (None, (), 0)}
