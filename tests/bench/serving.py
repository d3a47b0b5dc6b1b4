"""The server as a process of its own, and the share of the machine that it takes."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.weighing import environment, python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(model: Path, latency: float) -> Iterator[str]:
    """Start the server, and give its URL; it ends with the block."""
    command = python("bench.server", "--model", model, "--latency", str(latency))
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server has done so far: the seconds of CPU it took, and when it sent each model."""

    cpu: float
    sent: tuple[float, ...]


def usage(url: str) -> Usage:
    """Ask a server what it has done so far."""
    with urllib.request.urlopen(f"{url}/usage") as answer:
        told = json.load(answer)
    return Usage(float(told["cpu"]), tuple(told["sent"]))
