"""`retry`: failed jobs are put back, so that the next run tries them anew."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pipeline.batch.reading import ledger_name
from pipeline.errors import UsageError
from pipeline.ledger import hold, put_failed_back, reading, writing
from pipeline.model import SEED_MAX, SEED_MIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ledger import Failed
    from pipeline.manifest import Manifest


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `retry` did: ids put back, ids left because they were billed, and the price of those.

    `price` is what each billed one costs to buy again, in micro-credits.
    """

    put_back: tuple[str, ...]
    billed: tuple[str, ...]
    price: int


async def put_back(
    manifest: Manifest,
    *,
    only: Sequence[str] | None,
    again: bool,
    seed: int | Literal["random"] | None,
) -> PutBack:
    """Put failed jobs back, their tries at zero; billed ones only with `again`.

    With a `seed` they are other purchases, and the old ones stay as they ended. Raises UsageError
    for an id in `only` that is not among the failed, LedgerLockedError where a run holds it.
    """
    if not manifest.ledger_path.exists():
        return PutBack((), (), manifest.budget.price_micro)
    name = ledger_name(manifest)
    with hold(manifest.ledger_path):
        with reading(manifest.ledger_path, name) as reader:
            failed = reader.failed(only)
        strangers = set(only or ()) - {each.id for each in failed}
        if strangers:
            raise UsageError(f"not among the failed jobs: {', '.join(sorted(strangers))}")
        chosen = [each for each in failed if again or not each.billed]
        if chosen:
            async with writing(manifest.ledger_path) as write:
                seeds = {each.id: _seed(each, seed) for each in chosen}
                await put_failed_back(write, seeds, now=datetime.now(UTC))
    left = tuple(each.id for each in failed if each not in chosen)
    return PutBack(tuple(each.id for each in chosen), left, manifest.budget.price_micro)


def _seed(failed: Failed, seed: int | Literal["random"] | None) -> tuple[str, int] | None:
    """Give the fingerprint a seed replaces, and the seed; None where the job stays as it is."""
    if seed is None:
        return None
    chosen = random.randint(SEED_MIN, SEED_MAX) if seed == "random" else seed  # noqa: S311 - no secret
    return failed.declared, chosen
