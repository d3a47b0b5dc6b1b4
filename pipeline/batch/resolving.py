"""`resolve`: unknown jobs settled by the provider's history, or by what their owner says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import to_thread

from pipeline.batch.access import access, books_of
from pipeline.batch.phases import Phases
from pipeline.batch.reading import most_at_once
from pipeline.batch.standing import job_rows, standing_jobs
from pipeline.batch.work import Options, Work, opened
from pipeline.errors import UsageError
from pipeline.ledger import resend, write_off
from pipeline.model import MICRO, Event, Json
from pipeline.perform import NO_HISTORY, Left

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pipeline.ledger import JobRow, Unknown
    from pipeline.manifest import Manifest
    from pipeline.model import Stop

NOT_ASKED = "the history was not asked: there is no API key"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of the unknown jobs: rows of those that are settled, and what is left.

    `resent` are ids that the next run sends again; `stop` says what ended this early.
    """

    settled: tuple[JobRow, ...] = ()
    left: tuple[Left, ...] = ()
    resent: tuple[str, ...] = ()
    stop: Stop | None = None

    def as_json(self) -> dict[str, Json]:
        """Give what `resolve --json` prints."""
        return {
            "settled": [
                {"id": row.id, "status": row.status, "credits": row.credits / MICRO}
                for row in self.settled
            ],
            "resent": list(self.resent),
            "left": [claim(each) for each in self.left],
        }


def claim(left: Left) -> dict[str, Json]:
    """Give all that a refund claim needs of an attempt that nobody can settle."""
    unknown, asked = left.unknown, left.unknown.asked
    return {
        "id": unknown.id,
        "attempt": asked.number,
        "why": left.why,
        "sent_at": asked.sent_at.isoformat(timespec="milliseconds"),
        "protocol": asked.protocol,
        "request_id": asked.request_id,
        "http_status": unknown.http_status,
        "error": unknown.error,
        "credits_held": unknown.reserved / MICRO,
        "parameters": asked.parameters,
        "image_sha256": asked.image_sha256,
        "mask_sha256": asked.mask_sha256,
        "body_sha256": unknown.body_sha256,
        "waits": unknown.ticket is not None,
    }


async def resolve(
    manifest: Manifest,
    *,
    key: str | None,
    on_event: Callable[[Event], None],
    written_off: Collection[str] = (),
    resent: Collection[str] = (),
) -> Resolved:
    """Ask the history about every unknown job; then do what is said of those it leaves.

    A job that is written off counts as paid and failed; one that is resent is pending again, and
    the next run may pay for it twice. Raises UsageError for an id that is not unknown, and what
    `run` raises where the ledger cannot be used.
    """
    named = {*written_off, *resent}
    if not manifest.ledger_path.exists():
        _refuse_strangers(named, ())
        return Resolved()
    async with opened(manifest, Options(), on_event) as work:
        before = await _mine(work)
        _refuse_strangers(written_off, {each.id for each in before})
        _refuse_strangers(resent, {each.id for each in before if each.ticket is not None})
        reasons = await _ask(work, key, said=bool(named)) if before else {}
        sent_again = []
        for each in await _mine(work):
            if each.id in written_off:
                await write_off(work.session, each)
            elif each.id in resent and each.ticket is not None:
                await resend(work.session, each)
                sent_again.append(each.id)
        after = {each.asked.number: each for each in await _mine(work)}
        await work.roster.end(1 if after else 0)
    settled = {each.id for each in before if each.asked.number not in after}
    return Resolved(
        settled=tuple(row for row in job_rows(manifest) if row.id in settled),
        left=tuple(Left(each, reasons.get(number, "")) for number, each in after.items()),
        resent=tuple(sent_again),
        stop=work.admission.stop,
    )


async def _mine(work: Work) -> list[Unknown]:
    return [each for each in await work.lookup.unknown() if each.counts]


def _refuse_strangers(named: Collection[str], known: Collection[str]) -> None:
    if strangers := sorted(set(named) - set(known)):
        raise UsageError(f"not among the unknown jobs: {', '.join(strangers)}")


async def _ask(work: Work, key: str | None, *, said: bool) -> dict[int, str]:
    """Bring home what the history tells; say of the others why they are left."""
    manifest = work.manifest
    if manifest.api.history_url is None and not manifest.api.is_emulator:
        return dict.fromkeys([each.asked.number for each in await _mine(work)], NO_HISTORY)
    if said and key is None and not manifest.api.is_emulator:
        return dict.fromkeys([each.asked.number for each in await _mine(work)], NOT_ASKED)
    work.emit(Event("start", jobs=await to_thread.run_sync(standing_jobs, manifest)))
    async with access(manifest.api, key, books_of(manifest)) as client:
        phases = Phases(work.desk(client), work.supply, work.guarded, most_at_once(manifest))
        done = await phases.bring_home(await work.roster.rescues())
    if work.crashes:
        raise work.crashes[0]
    return {each.unknown.asked.number: each.why for each in done.left}
