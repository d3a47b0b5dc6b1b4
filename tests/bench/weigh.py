"""Run a command, and print what it took: `python -S weigh.py COMMAND …`.

A process of its own, and a small one: a peak of memory counts from before the exec, and so would
hold that of whoever starts the command.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Run, wait, tell. What the command prints goes to stderr."""
    to_stderr = [(os.POSIX_SPAWN_DUP2, 2, 1)]
    began = time.monotonic()
    pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_stderr)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - began
    told = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
