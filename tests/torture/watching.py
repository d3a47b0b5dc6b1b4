"""Watches this process's own calls into C, and ends it by SIGKILL at one of them.

The interpreter's profiler tells of every C function that Python code calls, in all threads, and of
every Python function: of the network's steps the loop's C says nothing, but what aiohttp does just
before and just after does. Nothing of what is watched knows of it, and nothing is replaced.
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

from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_writer import StreamWriter

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from torture.moments import Kind, Step, When

_FILES: dict[Any, Kind] = {
    os.fsync: "fsync",
    os.rename: "rename",
    os.replace: "rename",
    os.link: "rename",
}
_CALLS: dict[CodeType, Kind] = {
    socket.socket.__init__.__code__: "connect",
    StreamWriter._write.__code__: "send",  # noqa: SLF001 - nothing public is nearer
    StreamWriter._writelines.__code__: "send",  # noqa: SLF001
    ResponseHandler.data_received.__code__: "receive",
}
_CONNECTED = BaseProtocol.connection_made.__code__
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_STATEMENTS = frozenset({"execute", "executescript"})
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE")
_NAMES = frozenset({"run", *_STATEMENTS, *(each.__name__ for each in _FILES)})


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
        if event in {"call", "return"}:
            self._see_call(frame, event)
            return
        if called.__name__ not in _NAMES:
            return
        owner = getattr(called, "__self__", None)
        if isinstance(owner, sqlite3.Connection):
            self._see_statement(owner, event)
            return
        handed = isinstance(owner, Context) and threading.current_thread() is not self._main
        # what is handed to a thread is called there by C, within its context: its caller names it
        within = frame.f_locals.get("func") if handed else called
        kind = _FILES.get(within)
        if kind is not None and event == "c_call":
            self._before(kind)
        elif kind is not None:
            self._after(kind)

    def _see_call(self, frame: FrameType, event: str) -> None:
        """Take the making of a socket, not of a wrapper for one, for the start of a connection."""
        kind = _CALLS.get(frame.f_code)
        if kind == "connect":
            made = frame.f_locals
            if event == "call" and made["fileno"] is None and made["family"] in _INTERNET:
                self._before(kind)
        elif kind is not None:
            (self._before if event == "call" else self._after)(kind)
        elif frame.f_code is _CONNECTED and event == "call":
            self._after("connect")

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
