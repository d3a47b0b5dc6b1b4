"""What can go wrong on purpose, and when it does."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Operation = Literal["submit", "poll", "file", "balance", "history"]

REFUSALS = (
    *("400", "401", "401-described", "403", "404", "410", "429", "429-bare", "307"),
    *("406-credits", "406-spend-limit", "406-content-type", "406-parameter", "406-unreadable"),
    *("500", "503", "502-before", "504-before"),
)
"""Answered with an error before any work; not billed."""

HANG_UPS = ("down", "reset", "drop-before")
"""The connection ends without an answer, before any work; not billed."""

SPOILT = (
    *("502-after", "504-after", "drop-after", "cut", "cut-bare", "cut-gzip", "gzip-bomb"),
    *("trickle", "huge-headers", "html", "jpeg", "empty", "error-200", "unknown-json"),
)
"""The call is worked on, and billed unless that fails; what comes back is of no use."""

FAILURES = ("failed", "failed-billed")
"""The call is worked on and fails: 422 to v2's polls, 500 to v1."""

OTHERS = (
    *("poll-401", "poll-404", "poll-429", "poll-500", "poll-drop", "poll-trickle"),
    *("file-404", "file-503", "file-cut", "file-html", "file-redirect", "file-slow"),
    *("balance-401", "balance-500", "balance-never", "balance-slow"),
    *("history-401", "history-500"),
)
"""Answers to the free calls, by the operation that their names begin with."""

KINDS = REFUSALS + HANG_UPS + SPOILT + FAILURES + OTHERS

AMOUNTS = {
    "429": 5.0,  # seconds until the reset
    "poll-429": 5.0,
    "down": 5.0,  # seconds
    "trickle": 0.5,  # seconds a byte
    "poll-trickle": 0.5,
    "file-slow": 0.5,  # seconds a piece of 4 KiB
    "balance-slow": 5.0,  # seconds
    "gzip-bomb": 300.0,  # MiB
    "huge-headers": 65_536.0,  # bytes
    "file-redirect": 1.0,  # hops
}
"""What VALUE means for the kinds that take a number, and what it is unless given."""

_MOST = 100_000.0
_URL = re.compile(r"https?://[!-~]{1,2000}")
_OPTION = re.compile(
    r"(?P<kind>[a-z0-9-]+)(?:=(?P<value>[!-~]+?))?"
    r"(?::(?P<rate>[0-9.e-]{1,20})|#(?P<at>[0-9]{1,9}(?:,[0-9]{1,9}){0,999}))"
)
_OPERATIONS: tuple[Operation, ...] = ("poll", "file", "balance", "history")


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault and when it strikes; raises ValueError for what makes no sense.

    It strikes a share `rate` of the calls of its operation, those numbered in `at` (from 1), and
    each `every`-th. `value` is what `AMOUNTS` says; for a 307 the URL it leads to.
    """

    kind: str
    rate: float = 0.0
    at: frozenset[int] = frozenset()
    every: int = 0
    value: str | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown kind, a rate that is no share, and a value of no use."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault: give one of {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"{self.kind}: the rate must be a share from 0 to 1")
        if self.value is not None and not self._value_fits(self.value):
            raise ValueError(f"{self.kind}: it takes no value like {self.value!r}")

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read `KIND:RATE`, `KIND#N,M` or either with `=VALUE` after the kind."""
        read = _OPTION.fullmatch(text)
        if read is None:
            raise ValueError(
                f"{text!r} is no fault: give KIND:RATE, such as 500:0.2, KIND#N,M, such as"
                " 504-after#3,7, or KIND=VALUE:RATE, such as down=10#3"
            )
        numbers = frozenset(map(int, (read["at"] or "").split(","))) if read["at"] else frozenset()
        return cls(read["kind"], _share(read["rate"]), numbers, value=read["value"])

    @property
    def operation(self) -> Operation:
        """Which calls it strikes."""
        head = self.kind.partition("-")[0]
        return next((name for name in _OPERATIONS if name == head), "submit")

    @property
    def amount(self) -> float:
        """The number that was given, or the usual one of the kind."""
        return AMOUNTS[self.kind] if self.value is None else float(self.value)

    def strikes(self, seed: int, ordinal: int) -> bool:
        """Say whether it befalls that call: every kind draws from a stream of its own."""
        if ordinal in self.at or (self.every and ordinal % self.every == 0):
            return True
        drawn = random.Random(f"{seed}/{self.kind}/{ordinal}").random()  # noqa: S311  no secret
        return drawn < self.rate

    def _value_fits(self, value: str) -> bool:
        if self.kind == "307":
            return _URL.fullmatch(value) is not None
        try:
            return self.kind in AMOUNTS and 0 <= float(value) <= _MOST
        except ValueError:
            return False


def _share(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return math.nan


class Strikes:
    """Count the calls of each operation, and say which fault befalls them.

    Where several would, the first given does.
    """

    def __init__(self, faults: Iterable[Fault], seed: int, submits: int = 0) -> None:
        self._faults = tuple(faults)
        self._seed = seed
        self._calls: Counter[Operation] = Counter({"submit": submits})
        self.tally: Counter[str] = Counter()

    def next(self, operation: Operation) -> tuple[int, Fault | None]:
        """Count a call; give its number, from 1, and its fault."""
        self._calls[operation] += 1
        ordinal = self._calls[operation]
        for fault in self._faults:
            if fault.operation == operation and fault.strikes(self._seed, ordinal):
                self.tally[fault.kind] += 1
                return ordinal, fault
        return ordinal, None
