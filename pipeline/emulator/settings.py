"""What a local API is started with."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .faults import Fault
from .shapes import Shape

Images = Literal["sent", "sha256", "none"]
Upload = Literal["urls", "file_urls"]
_MOST_OFF = 10 * 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the local API serves, charges and misbehaves; raises ValueError for what makes no sense.

    `latency` is the billable GPU time of a call in seconds, give or take the share
    `latency_spread`; the wall time is that divided by `speed`, or what the work really takes where
    that is longer. Money is in micro-credits; `credits_micro` opens new books only. Without `key`
    any key is accepted; without `books` the account ends with the server. `answers` go in turns;
    without any v1 answers `glb` and v2 `output-link`. `clock_offset` is by how many seconds the
    whole server's clock is wrong.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    credits_micro: int = 10_000_000
    price_micro_per_second: int = 1_900
    latency: float = 33.0
    latency_spread: float = 0.2
    speed: float = 1.0
    workers: int = 8
    requests_per_minute: int | None = None
    rate_window: float = 60.0
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    key: str | None = field(default=None, repr=False)
    books: Path | None = None
    record_lifetime: float = 3600.0
    file_lifetime: float = 604_800.0
    clock_offset: float = 0.0
    history: bool = True
    history_delay: float = 0.0
    history_duplicates: bool = False
    history_images: Images = "sha256"
    history_envelope: str = "results"
    upload_envelope: Upload = "urls"
    answers: tuple[Shape, ...] = ()
    content_type: str | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense, naming the option."""
        for problem in self._problems():
            raise ValueError(problem)

    def shapes(self, version: int) -> tuple[Shape, ...]:
        """Give the shapes of that version's answers, which go in turns."""
        return self.answers or (("glb",) if version == 1 else ("output-link",))

    def _problems(self) -> list[str]:
        checks = {
            "host: only this machine is served: give 127.0.0.1, ::1 or localhost": _is_loopback(
                self.host
            ),
            "port: give 0 (any free one) to 65535": 0 <= self.port <= 65535,
            "credits: give zero or more": self.credits_micro >= 0,
            "price-per-second: give zero or more": self.price_micro_per_second >= 0,
            "latency: give 0 to 86400 seconds": 0 <= self.latency <= 86_400,
            "latency-spread: give a share from 0 to 1": 0 <= self.latency_spread <= 1,
            "speed: give a number above zero": self.speed > 0,
            "workers: give one or more": self.workers >= 1,
            "requests-per-minute: give one or more": self.requests_per_minute is None
            or self.requests_per_minute >= 1,
            "rate-window: give a number above zero": self.rate_window > 0,
            "key: it is empty": self.key != "",
            "record-lifetime: give zero seconds or more": self.record_lifetime >= 0,
            "file-lifetime: give zero seconds or more": self.file_lifetime >= 0,
            "history-delay: give zero seconds or more": self.history_delay >= 0,
            "history-envelope: give a name of letters, digits and _": bool(
                re.fullmatch(r"\w{1,50}", self.history_envelope, re.ASCII)
            ),
            "clock-offset: give at most ten years of seconds": abs(self.clock_offset) <= _MOST_OFF,
            "content-type: give a type like image/jpeg": self.content_type is None
            or bool(re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", self.content_type, re.ASCII)),
        }
        return [problem for problem, holds in checks.items() if not holds]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
