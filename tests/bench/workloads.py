"""What is measured: so many jobs of such sizes, so many in flight, answered after so long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KB, MB = 10**3, 10**6


@dataclass(frozen=True, slots=True)
class Workload:
    """Sizes in bytes; `latency` in seconds, from the request's last byte to the answer's first."""

    name: str
    title: str
    jobs: int
    in_flight: int
    photo: int = KB
    result: int = KB
    latency: float = 0.0
    protocol: Literal["v1", "v2"] = "v1"


START = Workload("start", "start-up: one tiny job", 1, 1)
"""What a process costs however few its jobs are; it is taken off the others."""

WORKLOADS = (
    Workload("tiny", "tiny bodies, no latency, 16 in flight", 1000, 16),
    Workload("bodies", "1 MB up, 3 MB down, no latency, 16 in flight", 200, 16, MB, 3 * MB),
    Workload("latency", "tiny bodies, 1 s latency, 200 in flight", 12000, 200, latency=1.0),
    Workload("memory", "1 MB up, 3 MB down, 1 s, 200 in flight", 400, 200, MB, 3 * MB, 1.0),
    Workload("v2", "v2, 0.1 MB up, 1 MB down, 1 s", 200, 50, 100 * KB, MB, 1.0, "v2"),
)
