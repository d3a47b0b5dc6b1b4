"""The parts of a running local API, which its handlers share."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from .admission import Admission
from .books import Books
from .ending import Ending
from .faults import Strikes
from .outage import Outages
from .settings import Settings
from .workers import Workers

MODEL = "sam-3d-objects"


@dataclass(frozen=True, slots=True)
class Parts:
    """`base` is the URL under which the links stand; `now` gives Unix seconds."""

    settings: Settings
    base: str
    books: Books
    strikes: Strikes
    admission: Admission
    workers: Workers
    outages: Outages
    ending: Ending
    limiter: anyio.CapacityLimiter
    now: Callable[[], float]

    def link(self, name: str) -> str:
        """Give the public URL of a file."""
        return f"{self.base}/files/{name}"
