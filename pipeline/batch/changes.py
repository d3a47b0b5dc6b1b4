"""A feed gone wrong must not buy a catalogue anew: how much may change before somebody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.model import Stop, StopKind

if TYPE_CHECKING:
    from pipeline.batch.work import Work

_FEW = 10


def too_many(changed: int, bought: int, most: float | None) -> bool:
    """Tell whether so many of the jobs bought before have changed that it needs a word."""
    return most is not None and changed > _FEW and changed > most * bought


async def guard_changes(work: Work, *, accepted: bool) -> None:
    """End admission where too much has changed; where that is `accepted`, remember it."""
    if accepted:
        await work.roster.accept_changes()
        return
    bought, changed = await work.roster.changes()
    most = work.manifest.safety.max_changed
    if too_many(changed, bought, most):
        cost = changed * work.manifest.budget.price_micro / 1e6
        message = (
            f"{changed:,} of the {bought:,} jobs that were bought before have changed, more than "
            f"safety.max_changed allows ({most:.0%}): they would be bought anew, for about "
            f"{cost:g} credits. Look at the manifest and its pictures; if it is meant, run again "
            "with --accept-changes"
        )
        work.end(Stop(StopKind.CHANGES, message))
