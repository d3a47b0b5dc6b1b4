"""Whether a round kept the promises: the ledger and the disk held against the provider's books.

Nothing is bought twice: of the submits of one fingerprint, which is one body, the books bill one at
most; what ran, failed and cost is a purchase too. What is bought is on disk, as it was made. The
micro-credits of settled attempts are the books' own, and what else the books bill is an attempt
that the ledger calls open. No submit is without a row that was there before it. And what stays
unknown is what the history does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from torture.evidence import grouped
from torture.telling import TOLD, Tells, tells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torture.evidence import Attempt, Evidence, Request


class Broken(StrEnum):
    """A promise that was broken."""

    TWICE = "billed twice"
    LOST = "billed and missing from disk"
    CREDITS = "ledger and books differ"
    UNJOURNALED = "sent without a row in the ledger"
    TOLD = "open, though the history tells its truth"
    DISK = "a file is not what its row says"
    FACE = "the command's own figures differ"
    CRASH = "a run broke"
    RESTLESS = "every run changes something"


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise, and what shows it."""

    broken: Broken
    what: str


@dataclass(frozen=True, slots=True)
class Open:
    """A job left open: what the history tells of it.

    `missing` is what the books bill for it and the ledger does not have, in micro-credits.
    """

    job: str
    state: str
    tells: Tells
    missing: int


def judge(evidence: Evidence) -> list[Finding]:
    """Find every broken promise."""
    checks = (_twice, _unjournaled, _credits, _results, _rows, _totals)
    found = [finding for check in checks for finding in check(evidence)]
    told = [each for each in left_open(evidence) if each.tells in TOLD]
    return found + [Finding(Broken.TOLD, f"{each.job} {each.state}: {each.tells}") for each in told]


def left_open(evidence: Evidence) -> list[Open]:
    """List the purchases whose bill is open, or only guessed, or whose result is still to come."""
    return [
        Open(each.job, _state(each), tells(evidence, each), _missing(evidence, each))
        for each in evidence.attempts
        if each.open or _waits(evidence, each)
    ]


def _state(attempt: Attempt) -> str:
    if attempt.guessed:
        return "billed by guess"
    return "received" if attempt.state == "billed" else attempt.state


def _waits(evidence: Evidence, attempt: Attempt) -> bool:
    """Tell whether an attempt is billed, and its result is still to come."""
    standing = evidence.standing.get((attempt.job, attempt.fingerprint))
    return attempt.state == "billed" and standing == "received"


def _missing(evidence: Evidence, attempt: Attempt) -> int:
    if not attempt.open:
        return 0
    unclaimed = _unclaimed(evidence).get(attempt.body, [])
    return sum(each.billed for each in unclaimed) - attempt.credits


def _unclaimed(evidence: Evidence) -> Mapping[str | None, list[Request]]:
    """Give the billed requests that no settled attempt is known to be, by their bodies."""
    settled = {each.request_id for each in evidence.attempts if not each.open}
    return grouped(
        (each for each in evidence.requests if each.billed and each.id not in settled),
        lambda each: each.body,
    )


def _twice(evidence: Evidence) -> Iterator[Finding]:
    prints: dict[str | None, str] = {each.body: each.fingerprint for each in evidence.attempts}
    paid = [each for each in evidence.requests if each.billed]
    for print_, requests in grouped(paid, lambda each: prints.get(each.body)).items():
        if len(requests) > 1:
            yield Finding(Broken.TWICE, f"{print_}: {[each.id for each in requests]}")


def _unjournaled(evidence: Evidence) -> Iterator[Finding]:
    attempts = grouped(evidence.attempts, lambda each: each.body)
    for body, requests in grouped(evidence.requests, lambda each: each.body).items():
        if body is not None and len(requests) > len(attempts.get(body, ())):
            yield Finding(Broken.UNJOURNALED, f"more submits of {body} than rows")
    if len(evidence.requests) > len(evidence.attempts):
        said = f"{len(evidence.requests)} submits, {len(evidence.attempts)} rows"
        yield Finding(Broken.UNJOURNALED, said)


def _credits(evidence: Evidence) -> Iterator[Finding]:
    """Hold each settled bill against the books', and every bill of the books against the ledger."""
    requests = {each.id: each for each in evidence.requests}
    for each in evidence.attempts:
        request = requests.get(each.request_id or "")
        books = request.billed if request is not None else 0
        if not each.open and books != each.credits:
            yield Finding(Broken.CREDITS, f"attempt {each.number}: {each.credits}, books {books}")
    waiting = {each.body for each in evidence.attempts if each.open}
    for body, unclaimed in _unclaimed(evidence).items():
        if body not in waiting:
            said = f"{[each.id for each in unclaimed]} billed, and no attempt is open for them"
            yield Finding(Broken.CREDITS, said)


def _results(evidence: Evidence) -> Iterator[Finding]:
    """Look for every model that was paid for; one of an open job has its own rule."""
    there = set(evidence.disk.values())
    waiting = {each.body for each in evidence.attempts if each.open or _waits(evidence, each)}
    for each in evidence.requests:
        made = each.billed and each.status == "COMPLETED" and each.body not in waiting
        if made and not each.models <= there:
            yield Finding(Broken.LOST, f"request {each.id} ({each.fault or 'no fault'})")


def _rows(evidence: Evidence) -> Iterator[Finding]:
    """Hold each finished job's file against the disk and against what was made for it."""
    bodies = grouped(evidence.attempts, lambda each: each.fingerprint)
    made = grouped(evidence.requests, lambda each: each.body)
    for row in evidence.rows:
        if row["status"] != "succeeded":
            continue
        print_ = evidence.buys[row["id"]]
        models = {
            sha256
            for attempt in bodies.get(print_, ())
            for request in made.get(attempt.body, ())
            if request.billed
            for sha256 in request.models
        }
        if evidence.disk.get(row["result"]) != row["sha256"] or row["sha256"] not in models:
            yield Finding(Broken.DISK, f"{row['id']}: {row['result']}")


def _totals(evidence: Evidence) -> Iterator[Finding]:
    """Hold what the commands print against the ledger's own attempts."""
    spent = sum(each.credits for each in evidence.attempts)
    printed = _micro(evidence.statuses["credits"]["spent"])
    listed = sum(_micro(row["credits"]) for row in evidence.rows)
    if not spent == printed == listed:
        yield Finding(Broken.FACE, f"spent {spent}, status says {printed}, jobs add up to {listed}")
    states = grouped(evidence.rows, lambda row: row["status"])
    counted = {state: len(rows) for state, rows in states.items()}
    told = {state: number for state, number in evidence.statuses["jobs"].items() if number}
    if counted != told:
        yield Finding(Broken.FACE, f"jobs lists {counted}, status says {told}")


def _micro(credits: float) -> int:
    return round(credits * 1_000_000)
