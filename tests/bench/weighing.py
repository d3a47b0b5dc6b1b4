"""Processes weighed by the kernel: time, CPU with their children's, peak of resident memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
_PATHS = [ROOT, ROOT / "tests", ROOT / "tests/formats"]
_WEIGH = Path(__file__).with_name("weigh.py")
_LONGEST = 3600.0
_SAID = 2000


@dataclass(frozen=True, slots=True)
class Weight:
    """What a process took: `wall` and `cpu` in seconds, `peak` in bytes of memory."""

    wall: float
    cpu: float
    peak: int


class FailedError(Exception):
    """A measured process did not do what it was told."""


def environment() -> dict[str, str]:
    """Give the environment in which this very tree is what is imported."""
    paths = [*map(str, _PATHS), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "SEGMIND_API_KEY": "SG_0123456789abcdef",
    }


def python(module: str, *args: str | Path) -> list[str]:
    """Give the command that runs a module."""
    return [sys.executable, "-m", module, *map(str, args)]


def weigh(command: Sequence[str]) -> Weight:
    """Run a command to its end. Raises FailedError where it does not end well."""
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(_WEIGH), *command],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=_LONGEST,
        env=environment(),
    )
    told = json.loads(done.stdout)
    if code := told.pop("code"):
        said = done.stderr.decode("utf-8", "replace")[-_SAID:]
        raise FailedError(f"{' '.join(command)} ended with {code}:\n{said}")
    return Weight(**told)
