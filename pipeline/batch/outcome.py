"""How a run ended: its exit code and its summary, from what the ledger says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.model import IN_BETWEEN, MICRO, Json, Status, Stop, StopKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ledger import Money

_SIGNALS = {StopKind.SIGINT: 130, StopKind.SIGTERM: 143}
_STOPS = {
    StopKind.CREDITS: 3,
    StopKind.BUDGET: 4,
    StopKind.REFUSED: 5,
    StopKind.BAD_RESULTS: 7,
    StopKind.OUTAGE: 8,
    StopKind.CHANGES: 2,
    StopKind.JOURNAL: 74,
}
_ONLY_IF_LEFT_OVER = frozenset({StopKind.CREDITS, StopKind.BUDGET})


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did and where its manifest's jobs stand.

    `worsened` counts the jobs that failed or turned invalid in this run; `older_open` older
    versions of its jobs that money may stand behind. `asked` are the jobs that --only named, where
    it did; `limited` is set by --limit. `bought` and `spent` are of this run's calls, `earlier` and
    `earlier_spent` of those of earlier runs whose bill was open when it began. A bill that an
    earlier run had to guess, and that is corrected in this one, is in neither.
    """

    jobs: Mapping[Status, int]
    money: Money
    stop: Stop | None = None
    worsened: int = 0
    older_open: int = 0
    asked: Mapping[Status, int] | None = None
    limited: bool = False
    bought: int = 0
    spent: int = 0
    earlier: int = 0
    earlier_spent: int = 0
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """The exit code of `run`."""
        stop, asked = self.stop, self.jobs if self.asked is None else self.asked
        pending = asked.get(Status.PENDING, 0)
        if stop is not None and stop.kind in _SIGNALS:
            return _SIGNALS[stop.kind]
        if stop is not None and (pending or stop.kind not in _ONLY_IF_LEFT_OVER):
            return _STOPS[stop.kind]
        unsettled = sum(asked.get(status, 0) for status in IN_BETWEEN)
        stuck = pending and not self.limited
        return 1 if self.worsened or unsettled or self.older_open or stuck else 0

    def as_json(self) -> dict[str, Json]:
        """Give the summary as `run --json` prints it."""
        stop = self.stop
        return {
            "exit_code": self.exit_code,
            "stop": None if stop is None else {"kind": stop.kind, "message": stop.message},
            "jobs": jobs_json(self.jobs),
            "credits": money_json(self.money),
            "run": {
                "bought": self.bought,
                "spent": self.spent / MICRO,
                "earlier": self.earlier,
                "earlier_spent": self.earlier_spent / MICRO,
                "seconds": round(self.seconds, 3),
            },
        }


def jobs_json(jobs: Mapping[Status, int]) -> dict[str, Json]:
    """Give the number of jobs in every state, also where there are none."""
    return {status.value: jobs.get(status, 0) for status in Status}


def money_json(money: Money) -> dict[str, Json]:
    """Give the ledger's credits."""
    remaining = money.remaining
    return {
        "spent": money.spent / MICRO,
        "unsettled": money.unsettled / MICRO,
        "remaining": None if remaining is None else remaining / MICRO,
    }
