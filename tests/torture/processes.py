"""The command as processes that can be killed: forked from the nursery, or started plainly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from catalogue import command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torture.moments import Chance, Kind, Step

HUNG = 90.0
"""Seconds after which a process is taken for hung."""

_PAUSE = 0.008


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, minus a signal, None where it hung; and what it said."""

    code: int | None
    out: str
    err: str
    counts: Mapping[Kind, int]

    @property
    def killed(self) -> bool:
        """Tell whether it did not live to its end."""
        return self.code == -signal.SIGKILL


class Nursery:
    """What forks the command; threads share it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._one_at_a_time = threading.Lock()

    def start(self, **order: Any) -> int:
        """Start a command; give its process."""
        return int(self._order(**order)["pid"])

    def wait(self, pid: int) -> int | None:
        """Wait for a process, and end it where it hangs."""
        until = time.monotonic() + HUNG
        while (code := self._ended(pid)) is None and time.monotonic() < until:
            time.sleep(_PAUSE)
        if code is None:
            os.kill(pid, signal.SIGKILL)
        return code

    def _ended(self, pid: int) -> int | None:
        code: int | None = self._order(ended=pid)["code"]
        return code

    def _order(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Open a nursery; everything forked from it ends with it."""
    with subprocess.Popen(
        [sys.executable, "-m", "torture.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=os.pathsep.join(sys.path)),
    ) as process:
        yield Nursery(process)


class Processes:
    """Starts the command, a process at a time; `folder` takes what it writes."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self._nursery = nursery
        self._folder = folder

    def run(self, *arguments: str | Path, last: Step | None = None) -> Ended:
        """Run the command to its end, or up to its last step; a run is watched."""
        watched = arguments[0] == "run"
        counts = self._folder / "counts"
        counts.unlink(missing_ok=True)
        out, err = self._folder / "out.txt", self._folder / "err.txt"
        code = self._nursery.wait(self._start(arguments, out, err, counts if watched else "", last))
        counted = json.loads(counts.read_text()) if counts.exists() else {}
        return Ended(code, out.read_text(), err.read_text(), counted)

    def run_until(self, moment: Chance, *arguments: str | Path) -> Ended:
        """Run the command as a shell would, and kill it at the moment, if it lives that long."""
        err = self._folder / "err.txt"
        with err.open("w") as log, subprocess.Popen(
            command(*arguments, "--log-format", "json"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment(),
        ) as process:  # fmt: skip
            while moment.working and process.poll() is None and '"start"' not in err.read_text():
                time.sleep(_PAUSE)
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment.seconds)
            process.kill()
        return Ended(process.returncode, "", err.read_text(), {})

    @contextmanager
    def serving(self, books: Path, *options: str) -> Iterator[dict[str, str]]:
        """Serve the local API; give its URLs."""
        out, err = self._folder / "api.txt", self._folder / "api.log"
        out.write_text("")
        arguments = ("emulator", "--port", "0", "--json", "--books", str(books), *options)
        pid = self._start(arguments, out, err, "", None)
        try:
            yield _announced(out, err)
        finally:
            os.kill(pid, signal.SIGTERM)
            self._nursery.wait(pid)

    def _start(
        self,
        arguments: tuple[str | Path, ...],
        out: Path,
        err: Path,
        counts: Path | str,
        last: Step | None,
    ) -> int:
        return self._nursery.start(
            start=[str(each) for each in arguments],
            out=str(out),
            err=str(err),
            counts=str(counts),
            last=None if last is None else list(asdict(last).values()),
        )


def _announced(out: Path, err: Path) -> dict[str, str]:
    until = time.monotonic() + HUNG
    while not (line := out.read_text()).endswith("\n"):
        if time.monotonic() > until:
            raise RuntimeError(f"the local API did not start: {err.read_text()}")
        time.sleep(_PAUSE)
    urls: dict[str, str] = json.loads(line)
    return urls
