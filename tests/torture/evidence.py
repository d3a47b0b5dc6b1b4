"""What is known at the end of a round, from every side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Request:
    """A submit as the provider's books have it; `billed` in micro-credits.

    `body` is the sha256 of the body, None where it was not read; `image` that of the picture.
    `models` are the sha256 of the models that were made.
    """

    id: str
    status: str
    billed: int
    body: str | None
    image: str | None = None
    fault: str | None = None
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A submit as the ledger has it; `sent_at` in Unix seconds."""

    number: int
    job: str
    fingerprint: str
    state: str
    body: str
    credits: int = 0
    credits_known: bool = True
    request_id: str | None = None
    sent_at: float = 0.0
    parameters: str = ""

    @property
    def open(self) -> bool:
        """Tell whether the ledger does not know its bill, or has but guessed it."""
        return self.state in {"sent", "accepted", "unknown"} or self.guessed

    @property
    def guessed(self) -> bool:
        """Tell whether the price held was taken for the bill, as no answer told it."""
        return self.state == "billed" and not self.credits_known


@dataclass(frozen=True, slots=True)
class Told:
    """A request as the history tells of it; `image` None where the row carries none."""

    request_id: str
    status: str
    parameters: str
    image: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The books, the history as a client sees it (None: there is none), the ledger, the disk.

    `rows` are the command's own: a row of JSON a job. `statuses` is its `status --json`. `buys`
    says which fingerprint a job asks for now, `standing` how each (job, fingerprint) stands, `disk`
    gives the sha256 of each file below the output folder.
    """

    requests: Sequence[Request]
    history: Sequence[Told] | None
    attempts: Sequence[Attempt]
    rows: Sequence[Mapping[str, Any]]
    statuses: Mapping[str, Any]
    buys: Mapping[str, str]
    standing: Mapping[tuple[str, str], str]
    disk: Mapping[str, str] = field(default_factory=dict)

    @property
    def claimed(self) -> frozenset[str]:
        """The requests that the ledger knows by their id."""
        return frozenset(each.request_id for each in self.attempts if each.request_id)


def grouped(things: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group things by what they have in common."""
    found: dict[K, list[T]] = {}
    for each in things:
        found.setdefault(key(each), []).append(each)
    return found
