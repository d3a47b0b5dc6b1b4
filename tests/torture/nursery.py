"""Processes of the real command without its start: each is a fork of one that has it loaded.

An order is a line of JSON on stdin, and so is the reply on stdout: `{"start": [argument, …], "out":
path, "err": path, "counts": path, "last": [kind, number, when] | null}` → `{"pid"}`, and `{"ended":
pid}` → `{"code"}`: an exit code, minus a signal, or null while it lives. The end of the orders is
the end of every process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from torture.moments import Step
from torture.watching import Watch

from pipeline import cli
from pipeline.cli import emulator, jobs, retry, run, status  # noqa: F401 - loaded once, for all


def main() -> None:
    """Serve orders until there are no more."""
    alive: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        reply = _ended(alive, **order) if "ended" in order else _start(alive, **order)
        print(json.dumps(reply), flush=True)  # noqa: T201 - the reply
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _start(alive: set[int], *, start: list[str], **order: Any) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        _become(start, **order)
    alive.add(pid)
    return {"pid": pid}


def _ended(alive: set[int], *, ended: int) -> dict[str, int | None]:
    pid, how = os.waitpid(ended, os.WNOHANG)
    if not pid:
        return {"code": None}
    alive.discard(pid)
    return {"code": os.waitstatus_to_exitcode(how)}


def _become(
    arguments: list[str], *, out: str, err: str, counts: str, last: list[Any] | None
) -> NoReturn:
    """Be the command, watched; a fork never returns to the orders."""
    _redirect(os.devnull, os.O_RDONLY, 0)
    _redirect(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1)
    _redirect(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 2)
    sys.argv = ["catalog3d", *arguments]
    watch = Watch(None if last is None else Step(*last))
    code: object = 70
    try:
        if counts:
            watch.begin()
        cli.main()
    except SystemExit as end:
        code = end.code
    finally:
        watch.end()
        if counts:
            Path(counts).write_text(json.dumps(watch.counts), encoding="ascii")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


def _redirect(path: str, flags: int, number: int) -> None:
    file = os.open(path, flags, 0o644)
    os.dup2(file, number)
    os.close(file)


if __name__ == "__main__":
    main()
