"""The values everything else speaks in: jobs, tickets, attempts, files, events, and the states."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Claim: TypeAlias = tuple[str, str]
"""A job's id and its fingerprint."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]

MICRO = 1_000_000
"""Micro-credits in a credit. Money is counted in whole micro-credits, never in floats."""

SEED_MIN, SEED_MAX = 0, 1_000_000
"""The API's own range for `seed` (API page, Attributes)."""

SEED_DEFAULT = 123
"""The API's own default for `seed`; it is always sent, so that it is known."""


class Status(StrEnum):
    """Where a job stands. Always one of these, in the ledger, in JSON and on screen."""

    PENDING = "pending"
    SENT = "sent"
    ACCEPTED = "accepted"
    RECEIVED = "received"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INVALID = "invalid"
    UNKNOWN = "unknown"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    # succeeded, failed, unknown: a twin shares the outcome of the job that bought for both
    Status.PENDING: frozenset(
        {Status.SENT, Status.INVALID, Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN}
    ),
    Status.SENT: frozenset(
        {Status.ACCEPTED, Status.RECEIVED, Status.PENDING, Status.FAILED, Status.UNKNOWN}
    ),
    Status.ACCEPTED: frozenset({Status.RECEIVED, Status.PENDING, Status.FAILED, Status.UNKNOWN}),
    Status.RECEIVED: frozenset({Status.SUCCEEDED, Status.FAILED}),
    # a file that is gone is fetched again, never bought again
    Status.SUCCEEDED: frozenset({Status.RECEIVED}),
    Status.FAILED: frozenset({Status.PENDING}),
    # another picture is another fingerprint
    Status.INVALID: frozenset(),
    Status.UNKNOWN: frozenset(
        {Status.ACCEPTED, Status.RECEIVED, Status.PENDING, Status.FAILED, Status.SUCCEEDED}
    ),
}
"""The legal moves, and the only place that knows them; the ledger refuses every other."""

UNSETTLED = frozenset({Status.SENT, Status.ACCEPTED, Status.UNKNOWN})
"""States whose bill is not known yet: they hold their expected price."""

IN_BETWEEN = frozenset({Status.SENT, Status.ACCEPTED, Status.RECEIVED, Status.UNKNOWN})
"""States in which money may stand behind a job that has no file yet."""


@dataclass(frozen=True, slots=True)
class Job:
    """One model to be made, as the manifest declares it, defaults applied.

    `image` and `mask` are as written: paths relative to the manifest's folder. Points and box are
    in pixels of the upright picture (EXIF rotation applied). `seed` `"auto"` is derived from the
    fingerprint. `meta` is carried through, not read. `line` is where the job stands in its file.
    """

    id: str
    image: str
    prompt: str | None = None
    mask: str | None = None
    point_coords: tuple[Point, ...] | None = None
    bounding_box: Box | None = None
    seed: int | Literal["auto"] = SEED_DEFAULT
    include_artifacts: bool = False
    priority: int = 0
    meta: Mapping[str, Json] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's claim in the ledger: its state for one fingerprint.

    `attempts` counts the tries used since the last `retry`; `twin_of` names the job that bought
    the same fingerprint, where this one did not. `is_alone`: it is known that no other ticket is of
    the same job, or of the same fingerprint.
    """

    job: Job
    fingerprint: str
    status: Status
    attempts: int = 0
    twin_of: str | None = None
    is_alone: bool = field(default=False, compare=False)

    @property
    def claim(self) -> Claim:
        """What names the ticket, whatever its state."""
        return self.job.id, self.fingerprint

    @property
    def seed(self) -> int:
        """The seed that is sent: the declared one, or the fingerprint's own."""
        if self.job.seed == "auto":
            return int(self.fingerprint, 16) % (SEED_MAX + 1)
        return self.job.seed


@dataclass(frozen=True, slots=True)
class Link:
    """A file of an answer that is still to be fetched."""

    role: str
    url: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a billed answer says about itself; unknown things are None.

    `credits` and `remaining` are micro-credits. `metrics` is kept as the API gave it.
    """

    request_id: str | None = None
    credits: int | None = None
    remaining: int | None = None
    seed: int | None = None
    metrics: Mapping[str, Json] = field(default_factory=dict)

    def bill(self, held: int) -> int:
        """Give what was billed, in micro-credits: the price held, where the answer did not say."""
        return held if self.credits is None else self.credits


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file on disk: its role, its path relative to the output folder, sha256 (hex) and size."""

    role: str
    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Error:
    """Why a job is where it is: a stable word and a sentence."""

    kind: str
    message: str


class StopKind(StrEnum):
    """Why a run ends before its jobs do."""

    CREDITS = "credits"
    BUDGET = "budget"
    REFUSED = "refused"
    BAD_RESULTS = "bad_results"
    OUTAGE = "outage"
    CHANGES = "changes"
    JOURNAL = "journal"
    SIGINT = "sigint"
    SIGTERM = "sigterm"


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of admission: why, in a sentence that says what to do next."""

    kind: StopKind
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for whoever listens: displays, logs, counters.

    `start`: the run begins, `jobs` counts where they stand, `limit` is the most that are taken up.
    `job`: a job moved from `previous` to `status`, or stayed and `error` says why; `credits` were
    billed by it (micro-credits). `hold`: all wait `seconds` for a rate limit. `limits`: from now on
    at most `limit` calls are in flight and `per_minute` start, `message` says why; `notable` where
    that is more than growing. `stop`: nothing more is sent. `note`: worth knowing. `remaining` is
    the account's balance in micro-credits, as last told.
    """

    name: Literal["start", "job", "hold", "limits", "stop", "note"]
    message: str = ""
    job: str | None = None
    status: Status | None = None
    previous: Status | None = None
    error: Error | None = None
    credits: int = 0
    remaining: int | None = None
    seconds: float = 0.0
    jobs: Mapping[Status, int] = field(default_factory=dict)
    limit: int | None = None
    per_minute: int | None = None
    notable: bool = False
