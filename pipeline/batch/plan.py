"""What a run would do, without doing it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.batch.access import access, books_of
from pipeline.batch.changes import too_many
from pipeline.batch.intake import Intake, batches
from pipeline.batch.prints import Prints
from pipeline.batch.reading import ledger_name, memo_of, most_at_once
from pipeline.errors import CatalogError, UsageError
from pipeline.ledger import Known, Posting, reading
from pipeline.model import IN_BETWEEN, MICRO, Error, Json, Status

if TYPE_CHECKING:
    from pipeline.manifest import Manifest

EXPECTED_RESULT = 15 << 20
"""Bytes of disk a result is expected to take at most: 2 to 15 MB are reported for this model."""

_CALL_SECONDS = 33.0  # the provider's own figure for this model
_SHOWN = 1000


@dataclass(slots=True)
class Plan:
    """What a run would do.

    Counts of jobs: `new` and `changed` would be bought; `cached` share a fingerprint with a job
    that has it, or is bought in the same run; `done` stand; `unfinished` are accepted, received
    or sent; `unknown` may have been billed; `failed` wait for `retry`. Money in micro-credits.
    """

    price: int
    new: int = 0
    changed: int = 0
    cached: int = 0
    done: int = 0
    unfinished: int = 0
    unknown: int = 0
    failed: int = 0
    invalid: int = 0
    balance: int | None = None
    budget: int | None = None
    disk_free: int | None = None
    concurrency: int = 1
    per_minute: float | None = None
    max_changed: float | None = None
    problems: list[tuple[str, Error]] = field(default_factory=list)
    _seen: Prints = field(default_factory=Prints)

    @property
    def to_buy(self) -> int:
        """How many calls would be paid for."""
        return self.new + self.changed

    @property
    def cost(self) -> int:
        """What they would cost, at the expected price."""
        return self.to_buy * self.price

    @property
    def needs_acceptance(self) -> bool:
        """Whether so much has changed that a run asks for --accept-changes."""
        return too_many(self.changed, self.changed + self.done, self.max_changed)

    @property
    def disk_needed(self) -> int:
        """Bytes that the results may take."""
        return (self.to_buy + self.cached) * EXPECTED_RESULT

    @property
    def seconds(self) -> float:
        """The time that the limits allow it in, at about 33 s a call."""
        by_slots = -(-self.to_buy // self.concurrency) * _CALL_SECONDS
        by_rate = self.to_buy * 60.0 / self.per_minute if self.per_minute else 0.0
        return max(by_slots, by_rate)

    def add(self, posting: Posting, known: Known) -> None:
        """Count one job."""
        if posting.invalid is not None:
            self._add_invalid(posting.job.id, posting.invalid)
        elif known.status is Status.SUCCEEDED:
            self.done += 1
        elif known.status is Status.UNKNOWN:
            self.unknown += 1
        elif known.status in IN_BETWEEN:
            self.unfinished += 1
        elif known.status is Status.FAILED:
            self.failed += 1
        elif known.status is Status.INVALID:
            self._add_invalid(posting.job.id, known.error)
        elif known.bought_by is not None or self._seen.has(posting.fingerprint):
            self.cached += 1
        elif known.bought_before:
            self.changed += 1
        else:
            self.new += 1
        if posting.invalid is None and known.status is not Status.SUCCEEDED:
            self._seen.add(posting.fingerprint)

    def _add_invalid(self, id_: str, error: Error | None) -> None:
        self.invalid += 1
        if error is not None and len(self.problems) < _SHOWN:
            self.problems.append((id_, error))

    def as_json(self) -> dict[str, Json]:
        """Give the plan as `plan --json` prints it."""
        names = (
            "new", "changed", "cached", "done", "unfinished", "unknown", "failed", "invalid",
        )  # fmt: skip
        return {
            "jobs": {name: getattr(self, name) for name in names},
            "credits": {
                "needed": self.cost / MICRO,
                "price": self.price / MICRO,
                "balance": None if self.balance is None else self.balance / MICRO,
                "budget": "unlimited" if self.budget is None else self.budget / MICRO,
            },
            "disk": {"needed": self.disk_needed, "free": self.disk_free},
            "seconds": self.seconds,
            "problems": [
                {"id": id_, "kind": error.kind, "message": error.message}
                for id_, error in self.problems
            ],
        }


async def plan(
    manifest: Manifest,
    *,
    key: str | None,
    only: frozenset[str] | None = None,
    budget: int | None = None,
) -> Plan:
    """Work out what a run would do; sends nothing but a question for the balance.

    Raises UsageError where another manifest owns an id in the same ledger.
    """
    planned = Plan(
        price=manifest.budget.price_micro,
        budget=manifest.budget.credits_micro if budget is None else budget,
        concurrency=most_at_once(manifest),
        per_minute=manifest.limits.requests_per_minute,
        max_changed=manifest.safety.max_changed,
        disk_free=_disk_free(manifest),
    )
    name = ledger_name(manifest)
    with reading(manifest.ledger_path, name) as reader, memo_of(manifest) as memo:
        intake = Intake(manifest, memo)
        for batch in batches(manifest, only):
            overrides = reader.overrides([job.id for _, job in batch])
            postings = await intake.postings(batch, overrides)
            pairs = [(each.job.id, each.fingerprint) for each in postings]
            for posting, known in zip(postings, reader.known(pairs), strict=True):
                if known.owner not in {None, name}:
                    raise UsageError(
                        f"job {posting.job.id}: the manifest {known.owner} owns this id in the "
                        "same ledger; rename the job, or state another output.path"
                    )
                planned.add(posting, known)
    planned.balance = await _balance(manifest, key)
    return planned


async def _balance(manifest: Manifest, key: str | None) -> int | None:
    """Ask for the balance, where that takes no more than a question."""
    if manifest.api.is_emulator or manifest.api.credits_url is None or key is None:
        return None
    async with access(manifest.api, key, books_of(manifest)) as client:
        try:
            return await client.balance()
        except CatalogError:
            return None  # the run itself will say what is wrong with the key


def _disk_free(manifest: Manifest) -> int | None:
    folder = manifest.output_folder
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
