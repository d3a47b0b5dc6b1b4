"""One run at a time holds a ledger: a kernel lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.errors import LedgerError, LedgerLockedError
from pipeline.ledger.mounts import TABLE, network_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GLANCE, _GLANCES = 0.02, 250  # seconds; who only looks has the lock for microseconds


@contextmanager
def hold(ledger: Path, *, mounts: Path = TABLE) -> Iterator[None]:
    """Hold the ledger, or raise LedgerLockedError at once; LedgerError on a network file system.

    `flock` on a file of its own: SQLite uses POSIX record locks on the database, and some systems
    let the two disturb each other. The kernel frees it however the process ends, so a stale lock
    cannot be. A ledger reached through a symbolic link is the same ledger.
    """
    path = _lock_of(ledger)
    _refuse_network(ledger.resolve(), mounts)
    try:
        _make_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        _lock(handle, ledger)
        yield
    finally:
        os.close(handle)


def is_held(ledger: Path) -> bool:
    """Tell whether a run holds the ledger just now; writes nothing.

    The kernel tells that only to who tries, so whoever looks has the lock for a moment.
    """
    try:
        handle = os.open(_lock_of(ledger), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # no run has ever held it, or it is nobody's who asks
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _lock_of(ledger: Path) -> Path:
    real = ledger.resolve()
    return real.with_name(real.name + ".lock")


def _refuse_network(ledger: Path, mounts: Path) -> None:
    """Refuse where SQLite's log and its locks do not hold (sqlite.org/wal.html, section 1)."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    if kind := network_type(ledger, table):
        raise LedgerError(
            f"{ledger}: lies on {kind}, a network file system, where its locks do not hold; put "
            "output.ledger on a local disk (results may stay where they are)"
        )


def _make_folder(folder: Path) -> None:
    """Make a folder, durable with its parents' entries: what is journaled in it is to be found."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _lock(handle: int, ledger: Path) -> None:
    try:
        _take(handle)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        raise LedgerLockedError(
            f"{ledger}: another run holds the ledger (process {holder or 'unknown'}); "
            "wait for it, or stop it with SIGINT and it will drain"
        ) from None
    except OSError as error:
        raise LedgerError(
            f"{ledger}: cannot be locked ({error.strerror}); put output.ledger on a local disk"
        ) from error


def _take(handle: int) -> None:
    """Take the lock, or raise BlockingIOError at once where a run has it.

    Whoever only looks lets others look too, and is gone a moment later.
    """
    for _ in range(_GLANCES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(handle, fcntl.LOCK_UN)
            time.sleep(_GLANCE)
        else:
            return
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
