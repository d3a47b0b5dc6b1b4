"""What the provider's history tells of a submit whose answer was lost, by the money rules alone.

A row matches an attempt if all parameters are equal, and the picture where the row carries it; no
row serves two attempts; rows of requests that the ledger knows by their id are set aside first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torture.evidence import Attempt, Evidence, Told


class Tells(StrEnum):
    """What the history tells of an attempt, or why it does not."""

    COMPLETED = "told: a completed row is its own"
    FAILED = "told: it ran and failed"
    ABSENT = "told: it never arrived"
    NO_HISTORY = "there is no history"
    ALIKE = "rows without a picture fit several submits"
    NOTHING_LATER = "absent, but nothing known was sent later"
    MISSING_ROWS = "a failed row, and other submits of that body without a row"
    NO_ROW = "its id is known, and has no row"
    UNFINISHED = "it is still at work"


TOLD = frozenset({Tells.COMPLETED, Tells.FAILED, Tells.ABSENT})


@dataclass(frozen=True, slots=True)
class _Peers:
    """The attempts and rows that cannot be told from one another's."""

    attempts: Sequence[Attempt]
    rows: Sequence[Told]
    unclaimed: Sequence[Told]

    @property
    def lost(self) -> int:
        return sum(each.open and each.request_id is None for each in self.attempts)


def tells(evidence: Evidence, attempt: Attempt) -> Tells:
    """Say what the history tells of an open attempt; one that has an id can be asked for."""
    if evidence.history is None:
        return Tells.NO_HISTORY
    if attempt.request_id is not None:
        return _by_id(evidence.history, attempt.request_id)
    peers = _peers(evidence, evidence.history, attempt)
    if not peers.unclaimed:
        return _absent(evidence, evidence.history, attempt)
    pictured = all(row.image is not None for row in peers.unclaimed)
    if not pictured and (len(peers.unclaimed) > 1 or peers.lost > 1):
        return Tells.ALIKE
    return _shown(peers)


def _by_id(rows: Sequence[Told], request_id: str) -> Tells:
    statuses = {row.status for row in rows if row.request_id == request_id}
    return _ended(statuses, Tells.FAILED) if statuses else Tells.NO_ROW


def _shown(peers: _Peers) -> Tells:
    each_has_one = len(peers.rows) >= len(peers.attempts)
    failed = Tells.FAILED if each_has_one else Tells.MISSING_ROWS
    return _ended({row.status for row in peers.unclaimed}, failed)


def _ended(statuses: set[str], failed: Tells) -> Tells:
    """Say what rows of these statuses tell; a completed one wins."""
    if "COMPLETED" in statuses:
        return Tells.COMPLETED
    return Tells.UNFINISHED if "PENDING" in statuses else failed


def _absent(evidence: Evidence, rows: Sequence[Told], attempt: Attempt) -> Tells:
    shown = {row.request_id for row in rows}
    later = (
        each.request_id in shown and each.sent_at >= attempt.sent_at for each in evidence.attempts
    )
    return Tells.ABSENT if any(later) else Tells.NOTHING_LATER


def _peers(evidence: Evidence, rows: Sequence[Told], attempt: Attempt) -> _Peers:
    """Find who shares an attempt's parameters, and its picture where the rows carry pictures."""
    images = {each.body: each.image for each in evidence.requests if each.image}
    image = images.get(attempt.body)
    alike = [
        row for row in rows if row.parameters == attempt.parameters and row.image in {None, image}
    ]
    carried = any(row.image for row in rows)
    attempts = [
        each
        for each in evidence.attempts
        if (each.body == attempt.body if carried else each.parameters == attempt.parameters)
    ]
    unclaimed = [row for row in alike if row.request_id not in evidence.claimed]
    return _Peers(attempts, alike, unclaimed)
