"""What is paid for, brought home: adopted from disk, read, downloaded, verified, placed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay

from pipeline.api.classify import Means
from pipeline.api.client import DOWNLOAD_SECONDS
from pipeline.errors import ApiError, Charged
from pipeline.formats import HEAD_BYTES, Format, sniff
from pipeline.ledger import Purchase, Stored
from pipeline.model import Artifact, Error, Event, Link, Receipt, Status, Stop, StopKind, Ticket
from pipeline.perform.answering import ANSWER, Brought, keep_answer, take
from pipeline.perform.placing import RAW, keep_raw, place
from pipeline.perform.reading import NotUnderstoodError, arrange, open_answer
from pipeline.retry import FREE, FREE_TRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.perform.desk import Desk
    from pipeline.store import Written

LINK_LIFE = timedelta(days=7)
"""How long the provider keeps a result file (provider's docs)."""


async def collect(desk: Desk, ticket: Ticket, brought: Brought | None = None) -> Ticket:
    """Bring a received job's files under their names. Free, and safe to repeat at any point.

    `brought` is what the ledger and the disk would give, where that is known from just now.
    """
    purchase = brought.purchase if brought else desk.lookup.purchase(ticket)
    if purchase is None:
        return ticket
    files: Sequence[Stored] = [brought.answer] if brought else await _on_disk(desk, ticket)
    answer = next((_reread(each) for each in files if each.artifact.role in {ANSWER, RAW}), None)
    try:
        if not files and not purchase.links:
            answer = await _asked_again(desk, ticket, purchase)
        if answer is not None:
            files, purchase = await _read(desk, ticket, purchase, answer)
        elif not files:
            links = purchase.links or await _looked_up(desk, purchase)
            files = await arrange(desk, ticket, await _fetch_all(desk, ticket, links))
            purchase = desk.lookup.purchase(ticket) or purchase
        collected = await place(desk, ticket, purchase, files)
    except NotUnderstoodError as error:
        return await _keep(desk, ticket, purchase, answer, error)
    except ApiError as error:
        return await _not_yet(desk, ticket, purchase, error)
    if answer is not None and answer.temporary not in {each.temporary for each in files}:
        await desk.store.remove(answer.temporary or answer.artifact.path)
    if collected.status is Status.SUCCEEDED:
        desk.admission.streak.good()
    else:
        _count_bad(desk, "results that fail verification")
    return collected


def _reread(body: Stored) -> Stored:
    """Take a kept answer as if it had just come: if it is understood now, its name goes."""
    return body if body.temporary else replace(body, temporary=body.artifact.path, placed=False)


async def _on_disk(desk: Desk, ticket: Ticket) -> list[Stored]:
    """Give the journaled files, if the bytes of all of them are still there, by their hash."""
    found = []
    for each in desk.lookup.files(ticket.job.id, ticket.fingerprint):
        sha256 = each.artifact.sha256
        if each.temporary is not None and await desk.store.holds(each.temporary, sha256):
            found.append(each)
        elif await desk.store.holds(each.artifact.path, sha256):
            found.append(replace(each, temporary=None, placed=True))
        else:
            return []
    return found


async def _read(
    desk: Desk, ticket: Ticket, purchase: Purchase, answer: Stored
) -> tuple[Sequence[Stored], Purchase]:
    """Find the files in an answer's body, and fetch those that it names.

    Gives them, and the purchase with what the body said of it.
    """
    contents = await open_answer(desk, ticket, answer)
    if contents.is_model:
        return contents.files, purchase
    if contents.receipt is not None or contents.links:
        receipt = contents.receipt or Receipt()
        await desk.moves.found(purchase.number, receipt, contents.links)
        if receipt.credits is not None:
            desk.admission.corrected(purchase.number, purchase.reserved, receipt.credits)
    fetched = await _fetch_all(desk, ticket, contents.links)
    arranged = await arrange(desk, ticket, [*contents.files, *fetched])
    return arranged, desk.lookup.purchase(ticket) or purchase


async def _asked_again(desk: Desk, ticket: Ticket, purchase: Purchase) -> Stored | None:
    """Ask v2 once more for an answer of which nothing came to disk; v1 answers only once."""
    request_id = purchase.receipt.request_id
    if purchase.protocol != "v2" or request_id is None:
        return None
    async with desk.client.result(request_id, DOWNLOAD_SECONDS) as (meaning, answer):
        if meaning.means is Means.RECEIVED and answer is not None:
            return await keep_answer(desk, ticket, purchase.number, answer)
    return None


async def _looked_up(desk: Desk, purchase: Purchase) -> tuple[Link, ...]:
    """Find the links of a billed request in the provider's history, and journal them."""
    request_id = purchase.receipt.request_id
    row = None if request_id is None else await desk.client.request(request_id)
    if row is None or not row.links:
        raise ApiError(
            "its answer was lost on the way, and the provider's history has no link to its files "
            f"for request {request_id}",
            charged=Charged.YES,
            kind="body_lost",
        )
    await desk.moves.found(purchase.number, Receipt(credits=row.credits), row.links)
    return row.links


async def _fetch_all(desk: Desk, ticket: Ticket, links: Sequence[Link]) -> list[Stored]:
    """Fetch the result, and what else can be had: a file beside it must not hold it back."""
    files = []
    for number, link in enumerate(links, start=1):
        try:
            files.append(await _fetched(desk, ticket, link, f"link{number}"))
        except ApiError as error:
            if link.role == "result":
                raise
            message = f"job {ticket.job.id}: its {link.role} file is not to be had: {error}"
            desk.emit(Event("note", message, job=ticket.job.id))
    return files


async def _fetched(desk: Desk, ticket: Ticket, link: Link, name: str) -> Stored:
    """Download one file; what may pass is tried again, free."""
    temporary = desk.store.temporary(ticket.job.id, 0, name)

    async def fetch() -> Written:
        async with desk.client.download(link.url) as answer:
            head = await answer.head(HEAD_BYTES)
            if sniff(head) is Format.HTML:
                raise ApiError(
                    "a page stands where the file should be",
                    charged=Charged.YES,
                    kind="download_failed",
                )
            return await take(desk, temporary, answer)

    retrying = AsyncRetrying(
        sleep=desk.sleep,
        wait=FREE.wait,
        stop=stop_after_attempt(FREE_TRIES) | stop_after_delay(DOWNLOAD_SECONDS),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    written: Written = await retrying(fetch)
    artifact = Artifact(link.role, temporary, written.sha256, written.bytes)
    return Stored(artifact, temporary, placed=False)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.kind not in {"link_dead", "answer_too_large"}


async def _keep(
    desk: Desk, ticket: Ticket, purchase: Purchase, body: Stored | None, why: NotUnderstoodError
) -> Ticket:
    """Keep a billed answer that nobody understands; a later version reads it anew, free."""
    message = (
        f"billed, but the answer is not understood ({why}); what it brought is kept, nothing is "
        "bought again, and a later catalog3d may read it: please report it"
    )
    error = Error("not_understood", message)
    bodies = [] if body is None else [body]
    others = [each for each in why.files if body is None or each.temporary != body.temporary]
    if body is not None and body.artifact.role == RAW:
        for each in others:
            await desk.store.remove(each.temporary or "")
        return ticket
    if not bodies + others:
        return await desk.move(ticket, Status.RECEIVED, error)
    kept = await keep_raw(desk, ticket, purchase, bodies + others, error)
    _count_bad(desk, "answers that are not understood")
    return kept


async def _not_yet(desk: Desk, ticket: Ticket, purchase: Purchase, error: ApiError) -> Ticket:
    """Leave a job received for a later, free try; give up once its link cannot live any more."""
    age = desk.now() - datetime.fromisoformat(purchase.sent_at)
    expired = age > LINK_LIFE + timedelta(seconds=desk.policy.timeout)
    if expired and error.kind == "link_dead":
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
    desk.stop(stop)
