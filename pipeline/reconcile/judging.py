"""Which row of the provider's history belongs to which attempt, and what follows: arithmetic only.

Wherever a doubt is left, the attempt stays open: a wrong adoption delivers another product's model,
and a wrong absence pays twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from pipeline.reconcile.requests import Asked, Row, RowState, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SLACK = timedelta(days=1)
"""How far a row's time may lie from the attempt's: the two clocks may be off by hours."""


class Follows(Enum):
    """What becomes of an open attempt."""

    RECEIVED = auto()  # its row is complete: the result can be fetched
    ACCEPTED = auto()  # its row is at work, and v2 can be polled by its id
    FAILED_BILLED = auto()  # its row failed, and cost
    FREED = auto()  # certainly not billed
    LEFT = auto()  # nobody can tell


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of an open attempt, by which row, and why in words for a person."""

    follows: Follows
    row: Row | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of the history brought.

    `rows` are those that no attempt is known to own, `own` those of open attempts, by number.
    `whole` if every page was read without error; else `fault` says what was wrong. `shown` tells
    of our own requests that it shows as they were sent: their shape → when the latest was sent.
    `known` are the ids of all our requests that it shows.
    """

    rows: tuple[Row, ...]
    whole: bool
    shown: Mapping[str, datetime] = field(default_factory=dict)
    fault: str = ""
    own: Mapping[int, Row] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Patience:
    """When absence begins to mean anything."""

    now: datetime
    timeout: timedelta
    settle: timedelta


def judge(attempts: Sequence[Asked], reading: Reading, patience: Patience) -> dict[int, Finding]:
    """Say what becomes of every open attempt: its number → what is found.

    `attempts` are all that the reading might show: the open ones, and settled ones that look like
    them, for a row that may be theirs is nobody else's.
    """
    bench = _Bench(attempts, reading, patience)
    for each in attempts:
        if each.is_open and each.number in reading.own:
            bench.take(each, reading.own[each.number])
    bench.match_pictures()
    bench.match_alone()
    findings = bench.findings
    for each in attempts:
        if each.is_open and each.number not in findings:
            findings[each.number] = _unmatched(each, bench, reading, patience)
    return findings


class _Fit(Enum):
    NO = auto()
    MAYBE = auto()  # it cannot be excluded
    ALIKE = auto()  # the same parameters, and no picture to compare
    SAME = auto()  # the same picture too


@dataclass(slots=True)
class _Bench:
    """Rows and attempts, and who got which."""

    attempts: Sequence[Asked]
    reading: Reading
    patience: Patience
    taken: set[str] = field(default_factory=set)
    findings: dict[int, Finding] = field(default_factory=dict)
    index: dict[str | None, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Find rows by what they hold: a night has tens of thousands of them."""
        for row in self.reading.rows:
            self.index[row.parameters].append(row)
            if row.image_sha256 is not None and row.parameters is not None:
                self.index[row.image_sha256].append(row)

    def free(self, each: Asked) -> Iterator[tuple[Row, _Fit]]:
        """Give the rows that nobody has and that may be an attempt's."""
        near = self.reading.rows
        if each.parameters is not None:
            keys = dict.fromkeys((None, each.parameters, each.image_sha256))
            near = tuple(row for key in keys for row in self.index.get(key, ()))
        for row in {row.request_id: row for row in near}.values():
            fit = _fit(each, row, self.patience)
            if row.request_id not in self.taken and fit is not _Fit.NO:
                yield row, fit

    def claimants(self) -> list[Asked]:
        """Give the attempts of which a billed row without an owner may be, settled ones first.

        One whose id the reading shows has its row. An open one with an id has been told it by the
        provider, and no other row is its; a settled one may have a gateway's.
        """
        left = [
            each
            for each in self.attempts
            if (each.request_id is None if each.is_open else self.is_rival(each))
            and each.number not in self.findings
        ]
        return sorted(left, key=lambda each: (each.is_open, not each.in_hand, each.sent_at))

    def is_rival(self, each: Asked) -> bool:
        """Tell whether a billed attempt has no row of its own in the reading."""
        return each.is_billed and each.request_id not in self.reading.known

    def match_pictures(self) -> None:
        """Give rows that carry the picture to the attempts that sent it."""
        for each in self.claimants():
            alike = [row for row, fit in self.free(each) if fit is _Fit.SAME and row.is_billed]
            if alike:
                self.take(each, min(alike, key=_order))

    def match_alone(self) -> None:
        """Give a row without a picture to the only attempt that it can be of."""
        alike: dict[str | None, list[Asked]] = defaultdict(list)
        for each in self.claimants():
            alike[each.parameters].append(each)
        nameless = alike.pop(None, [])
        for group in alike.values():
            rows = {
                row.request_id: row
                for each in group
                for row, fit in self.free(each)
                if fit is _Fit.ALIKE and row.is_billed
            }
            row = next(iter(rows.values()), None)
            rivals = [each for each in nameless if row and _in_time(each, row, self.patience)]
            if row is not None and len(group) == len(rows) == 1 and not rivals:
                self.take(group[0], row)

    def take(self, each: Asked, row: Row) -> None:
        """Give a row to an attempt."""
        self.taken.add(row.request_id)
        if each.is_open:
            self.findings[each.number] = adopted(each.protocol, row)


def adopted(protocol: str, row: Row) -> Finding:
    """Say what becomes of an attempt that a row is certainly of."""
    match row.state:
        case RowState.COMPLETED:
            return Finding(Follows.RECEIVED, row)
        case RowState.PENDING if protocol == "v2":
            return Finding(Follows.ACCEPTED, row)
        case RowState.PENDING:
            return Finding(Follows.LEFT, row, "the provider is still working on it")
        case RowState.FAILED if row.is_billed:
            return Finding(Follows.FAILED_BILLED, row)
        case RowState.FAILED:
            return Finding(Follows.FREED, row, f"it failed unbilled: {row.error or 'no reason'}")


def _unmatched(each: Asked, bench: _Bench, reading: Reading, patience: Patience) -> Finding:
    """Say what the rows leave of an attempt that none of them was given to."""
    if each.request_id is not None:
        return Finding(Follows.LEFT, None, f"the history does not show request {each.request_id}")
    free = list(bench.free(each))
    billed = [row for row, _ in free if row.is_billed]
    if billed:
        why = f"{len(billed)} requests of the history may be this one, and none says which"
        return Finding(Follows.LEFT, None, why)
    failed = [row for row, fit in free if fit in {_Fit.ALIKE, _Fit.SAME}]
    if failed and reading.whole and len(failed) >= _bodies(each, bench):
        return Finding(Follows.FREED, None, f"it failed unbilled: {failed[0].error or 'no reason'}")
    return _absent(each, reading, patience)


def _bodies(each: Asked, bench: _Bench) -> int:
    """Count the attempts of a body, near this one in time, that may have a row without our id."""
    near = 2 * SLACK + bench.patience.timeout
    return sum(
        (other.request_id is None or other.request_id not in bench.reading.known)
        and other.parameters in {each.parameters, None}
        and abs(other.sent_at - each.sent_at) <= near
        for other in bench.attempts
    )


def _absent(each: Asked, reading: Reading, patience: Patience) -> Finding:
    """Free an attempt that the history would show by now, if it had come to anything."""
    due = each.sent_at + patience.timeout + patience.settle
    if not reading.whole:
        return Finding(Follows.LEFT, None, reading.fault)
    if each.parameters is None:
        return Finding(Follows.LEFT, None, "what it sent was not written down")
    if patience.now <= due:
        when = f"{due:%Y-%m-%d %H:%M:%S} UTC"
        why = f"the history does not show it, and may yet: ask again after {when}"
        return Finding(Follows.LEFT, None, why)
    shown = reading.shown.get(each.shape)
    if shown is None or shown < each.sent_at:
        why = (
            "the history does not show it, nor any request of ours that was sent later, so it may "
            "be behind"
        )
        return Finding(Follows.LEFT, None, why)
    return Finding(Follows.FREED, None, "the history shows later requests, and not this one")


def _fit(each: Asked, row: Row, patience: Patience) -> _Fit:
    if not _in_time(each, row, patience):
        return _Fit.NO
    pictures = same(each.image_sha256, row.image_sha256)
    if each.parameters != row.parameters:
        # what is not shown, or is shown otherwise than it was sent, excludes nothing
        return _Fit.MAYBE if pictures or None in {each.parameters, row.parameters} else _Fit.NO
    # a row that shows the picture shows the mask too, if there was one
    masks = {each.mask_sha256} if row.image_sha256 else {None, each.mask_sha256}
    if each.parameters is None or pictures is False or row.mask_sha256 not in masks:
        return _Fit.MAYBE
    if pictures:
        return _Fit.SAME
    return _Fit.ALIKE if row.created_at is not None else _Fit.MAYBE


def _in_time(each: Asked, row: Row, patience: Patience) -> bool:
    if row.created_at is None:
        return True
    latest = each.sent_at + patience.timeout + SLACK
    return each.sent_at - SLACK <= row.created_at <= latest


def _order(row: Row) -> tuple[bool, str]:
    """Take what is complete before what is at work."""
    return row.state is not RowState.COMPLETED, row.request_id
