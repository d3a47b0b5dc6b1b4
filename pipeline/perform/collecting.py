"""What is paid for, brought home: adopted from disk, read, downloaded, verified, placed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from pipeline.api import wire
from pipeline.api.client import LARGEST_RESULT
from pipeline.errors import ApiError, Charged
from pipeline.formats import HEAD_BYTES, Format, sniff
from pipeline.ledger import Purchase, Stored
from pipeline.model import Artifact, Error, Event, Link, Status, Stop, StopKind, Ticket
from pipeline.perform.answering import ANSWER
from pipeline.perform.placing import RAW, keep_raw, place
from pipeline.retry import FREE, FREE_TRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.perform.desk import Desk
    from pipeline.store import Written

LINK_LIFE = timedelta(days=7)
"""How long the provider keeps a result file (provider's docs)."""

LARGEST_JSON = 16 << 20
"""The most JSON that is read of an answer, in bytes."""


class _NotUnderstood(Exception):  # noqa: N818 - becomes the job's error, never seen outside
    pass


async def collect(desk: Desk, ticket: Ticket) -> Ticket:
    """Bring a received job's files under their names. Free, and safe to repeat at any point."""
    purchase = await desk.lookup.purchase(ticket)
    if purchase is None:
        return ticket
    files = await _on_disk(desk, ticket)
    try:
        if any(each.artifact.role in {ANSWER, RAW} for each in files):
            files = await _read(desk, ticket, purchase, files[0])
        elif not files:
            files = await _download(desk, ticket, purchase.links)
        collected = await place(desk, ticket, purchase, files)
    except _NotUnderstood as error:
        return await _keep(desk, ticket, purchase, files[0], str(error))
    except ApiError as error:
        return await _not_yet(desk, ticket, purchase, error)
    if collected.status is Status.SUCCEEDED:
        desk.admission.streak.good()
    else:
        _count_bad(desk, "results that fail verification")
    return collected


async def _on_disk(desk: Desk, ticket: Ticket) -> list[Stored]:
    """Give the journaled files, if the bytes of all of them are still there, by their hash."""
    found = []
    for each in await desk.lookup.files(ticket.job.id, ticket.fingerprint):
        sha256 = each.artifact.sha256
        if each.temporary is not None and await desk.store.holds(each.temporary, sha256):
            found.append(each)
        elif await desk.store.holds(each.artifact.path, sha256):
            found.append(replace(each, temporary=None, placed=True))
        else:
            return []
    return found


async def _read(desk: Desk, ticket: Ticket, purchase: Purchase, answer: Stored) -> list[Stored]:
    """Find the result in an answer's body: the body itself, or the links in it."""
    body = answer.temporary or answer.artifact.path
    match sniff(await desk.store.read(body, HEAD_BYTES)):
        case Format.GLB | Format.PLY:
            return [replace(answer, artifact=replace(answer.artifact, role="result"))]
        case Format.JSON:
            value = wire.json_value(await desk.store.read(body, LARGEST_JSON))
            fields = value if isinstance(value, dict) else {}
            links = wire.links(value)
            if not links:
                said = desk.client.without_key(wire.error_text(fields, b""))
                raise _NotUnderstood(f"JSON without a link to a model: {said or 'no error text'}")
            await desk.moves.found(purchase.number, wire.receipt({}, fields), links)
            files = await _download(desk, ticket, links)
            if answer.temporary is not None:
                await desk.store.remove(answer.temporary)
            return files
        case None:
            raise _NotUnderstood("neither a model nor JSON")
        case other:
            raise _NotUnderstood(f"{other.name}, not a model")


async def _download(desk: Desk, ticket: Ticket, links: Sequence[Link]) -> list[Stored]:
    """Fetch every file of the answer, and journal each hash."""
    if not links:
        raise ApiError(
            "billed, but its body was lost on the way; the provider's history may have a link",
            charged=Charged.YES,
            kind="body_lost",
        )
    files = [await _fetched(desk, ticket, link) for link in links]
    await desk.moves.stored(ticket, files)
    return files


async def _fetched(desk: Desk, ticket: Ticket, link: Link) -> Stored:
    """Download one file; what may pass is tried again, free."""
    temporary = desk.store.temporary(ticket.job.id, 0, link.role)

    async def fetch() -> Written:
        async with desk.client.download(link.url) as answer:
            return await desk.store.write(temporary, answer.pieces(LARGEST_RESULT))

    retrying = AsyncRetrying(
        sleep=desk.sleep,
        wait=FREE.wait,
        stop=stop_after_attempt(FREE_TRIES),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    written: Written = await retrying(fetch)
    artifact = Artifact(link.role, temporary, written.sha256, written.bytes)
    return Stored(artifact, temporary, placed=False)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.kind not in {"link_dead", "answer_too_large"}


async def _keep(desk: Desk, ticket: Ticket, purchase: Purchase, body: Stored, what: str) -> Ticket:
    """Keep a billed body that nobody understands; a later version reads it anew, free."""
    if body.artifact.role == RAW:
        return ticket
    message = (
        f"billed, but the answer is not understood ({what}); its body is kept, nothing is "
        "bought again, and a later catalog3d may read it: please report it"
    )
    kept = await keep_raw(desk, ticket, purchase, body, Error("not_understood", message))
    _count_bad(desk, "answers that are not understood")
    return kept


async def _not_yet(desk: Desk, ticket: Ticket, purchase: Purchase, error: ApiError) -> Ticket:
    """Leave a job received for a later, free try; give up once its link cannot live any more."""
    settled = purchase.settled_at and datetime.fromisoformat(purchase.settled_at)
    if error.kind == "link_dead" and settled and desk.now() - settled > LINK_LIFE:
        message = f"billed, but its file is gone from the provider: {error}"
        return await desk.move(ticket, Status.FAILED, Error("lost_result", message))
    message = f"{error}; it is paid for, and the next run tries again, free"
    return await desk.move(ticket, Status.RECEIVED, Error(error.kind, message))


def _count_bad(desk: Desk, what: str) -> None:
    if not desk.admission.streak.bad():
        return
    stop = Stop(
        StopKind.BAD_RESULTS,
        f"three in a row were {what}: they cost money and are no use; look at them with "
        "`catalog3d jobs` before running again",
    )
    if desk.admission.end(stop):
        desk.emit(Event("stop", stop.message))
