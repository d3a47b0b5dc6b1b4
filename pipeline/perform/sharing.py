"""Equal fingerprints are bought once: the others share the outcome, and cost nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.ledger import Buyer, Stored
from pipeline.model import Artifact, Error, Status, Ticket
from pipeline.perform.naming import Names, journaled, own_sidecar
from pipeline.perform.placing import provenance

if TYPE_CHECKING:
    from pipeline.perform.desk import Desk


async def share(desk: Desk, ticket: Ticket) -> Ticket | None:
    """Give a pending job the outcome of what was bought already; None where it is to be bought.

    A job whose twin is under way stays pending until that one ends. So does a changed job, while
    money may stand behind its older version.
    """
    async with desk.sharing:
        stands = await desk.lookup.standing(ticket)
        if stands.status is not ticket.status:
            return replace(ticket, status=stands.status)
        if stands.older is not None:
            message = f"changed while its older version is {stands.older}; that is settled first"
            return await _stay(desk, ticket, Error("older_version", message))
        buyer = stands.buyer
        if buyer is None and ticket.status is Status.UNKNOWN:
            return await desk.move(ticket, Status.PENDING, None)  # it was not bought after all
        return None if buyer is None else await _follow(desk, ticket, buyer)


async def share_with_twins(desk: Desk, ticket: Ticket) -> None:
    """Let the jobs that waited for this one share its outcome."""
    if ticket.is_alone:
        return
    for twin in desk.lookup.twins(ticket):
        await share(desk, twin)


async def _follow(desk: Desk, ticket: Ticket, buyer: Buyer) -> Ticket:
    match buyer.status:
        case Status.SUCCEEDED:
            return await _copy(desk, ticket, buyer)
        case Status.FAILED | Status.UNKNOWN:
            said = buyer.error.message if buyer.error else buyer.status
            kind = buyer.error.kind if buyer.error else "twin"
            error = Error(kind, f"as job {buyer.id}, which asks for the same: {said}")
            followed = await desk.moves.followed(ticket, buyer.status, error, twin_of=buyer.id)
            return ticket if followed is ticket else desk.tell(ticket, followed, error=error)
        case _:
            return ticket


async def _stay(desk: Desk, ticket: Ticket, error: Error) -> Ticket:
    return await desk.move(ticket, ticket.status, error, twin_of=ticket.twin_of)


async def _copy(desk: Desk, ticket: Ticket, buyer: Buyer) -> Ticket:
    """Copy the buyer's files under this job's names."""
    leader = replace(ticket, job=replace(ticket.job, id=buyer.id))
    purchase = desk.lookup.purchase(leader)
    copies = []
    for original in desk.lookup.files(buyer.id, ticket.fingerprint):
        artifact = original.artifact
        if not await desk.store.holds(artifact.path, artifact.sha256):
            message = f"the same as job {buyer.id}, whose file {artifact.path} is gone or altered"
            return await _stay(desk, ticket, Error("twin_file_gone", message))
        temporary = desk.store.temporary(ticket.job.id, 0, artifact.role)
        await desk.store.copy(artifact.path, temporary)
        copies.append(Stored(artifact, temporary, placed=False))

    async def named(names: Names) -> list[Stored]:
        stem = desk.store.stem(buyer.id)
        paths = [await names.free(each.artifact.path.removeprefix(stem)) for each in copies]
        return [
            replace(each, artifact=replace(each.artifact, path=path))
            for each, path in zip(copies, paths, strict=True)
        ]

    copies = await journaled(desk, ticket, named)
    artifacts: list[Artifact] = [each.artifact for each in copies]
    described = None
    if purchase is not None:
        twin = replace(ticket, twin_of=buyer.id)
        path = await own_sidecar(desk, ticket, artifacts[0].path)
        described = path, provenance(desk, twin, purchase, artifacts, None)
    await desk.store.place(
        [(each.temporary or "", each.artifact.path) for each in copies], described
    )
    done = await desk.moves.finished(ticket, Status.SUCCEEDED, twin_of=buyer.id)
    return desk.tell(ticket, done)
