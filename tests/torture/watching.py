"""Watches this process's own calls into C, and ends it by SIGKILL at one of them.

The interpreter's profiler tells of every C function that Python code calls, in all threads. Nothing
of what is watched knows of it, and nothing is replaced.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
import threading
from collections import Counter
from contextvars import Context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from torture.moments import Kind, Step, When

_FILES: dict[Any, Kind] = {
    os.fsync: "fsync",
    os.rename: "rename",
    os.replace: "rename",
    os.link: "rename",
}
_SOCKETS: dict[str, Kind] = {
    "connect": "connect",
    "send": "send",
    "sendmsg": "send",
    "recv": "receive",
    "recv_into": "receive",
}
_STATEMENTS = frozenset({"execute", "executescript"})
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE")
_NAMES = frozenset({"run", *_STATEMENTS, *_SOCKETS, *(each.__name__ for each in _FILES)})


class Watch:
    """Counts the steps of the process, and dies at the one given."""

    def __init__(self, last: Step | None) -> None:
        self.counts: Counter[Kind] = Counter()
        self._counting = threading.Lock()
        self._last = last
        self._main = threading.current_thread()
        self._thread = threading.local()
        self._changed: dict[sqlite3.Connection, bool] = {}

    def begin(self) -> None:
        """Watch this thread, and those that start from now on."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def end(self) -> None:
        """Watch no longer."""
        sys.setprofile(None)
        threading.setprofile(None)

    def _see(self, frame: FrameType, event: str, called: Any) -> None:
        if event in {"call", "return"} or called.__name__ not in _NAMES:
            return
        owner = getattr(called, "__self__", None)
        if isinstance(owner, sqlite3.Connection):
            self._see_statement(owner, event)
            return
        handed = isinstance(owner, Context) and threading.current_thread() is not self._main
        # what is handed to a thread is called there by C, within its context: its caller names it
        within = frame.f_locals.get("func") if handed else called
        kind = _SOCKETS.get(called.__name__) if _is_internet(owner) else _FILES.get(within)
        if kind is not None and event == "c_call":
            self._before(kind)
        elif kind is not None:
            self._after(kind)

    def _see_statement(self, ledger: sqlite3.Connection, event: str) -> None:
        if event != "c_call":
            self._after("commit")
        elif ledger not in self._changed:
            self._changed[ledger] = False
            ledger.set_trace_callback(lambda sql: self._see_sql(ledger, sql))

    def _see_sql(self, ledger: sqlite3.Connection, sql: str) -> None:
        """Take a transaction's end for a step where it changed something."""
        if sql.lstrip().startswith(_CHANGES):
            self._changed[ledger] = True
        elif sql.strip() == "COMMIT" and self._changed[ledger]:
            self._changed[ledger] = False
            self._before("commit")

    def _before(self, kind: Kind) -> None:
        with self._counting:
            self.counts[kind] += 1
            number = self.counts[kind]
        self._thread.within = kind, number
        self._die_at(kind, number, "before")

    def _after(self, kind: Kind) -> None:
        within = getattr(self._thread, "within", None)
        if within is not None and within[0] == kind:
            self._thread.within = None
            self._die_at(kind, within[1], "after")

    def _die_at(self, kind: Kind, number: int, when: When) -> None:
        last = self._last
        if last is not None and (last.kind, last.number, last.when) == (kind, number, when):
            os.kill(os.getpid(), signal.SIGKILL)


def _is_internet(owner: object) -> bool:
    """Tell the API's connections from the pair of sockets that wakes the event loop."""
    return isinstance(owner, socket.socket) and owner.family in {socket.AF_INET, socket.AF_INET6}
