from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import LedgerError, LedgerLockedError
from pipeline.ledger import hold, is_held

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from pipeline.ledger import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_at_once_and_told_who_holds_it(tmp_path: Path) -> None:
    ledger = tmp_path / "l.sqlite"
    command = [sys.executable, "-c", HOLDER, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LedgerLockedError, match=f"process {holder.pid}"), hold(ledger):
            pass
        holder.kill()
        holder.wait()
        with hold(ledger):  # the kernel freed it with its process
            pass


def test_who_looks_is_told_whether_a_ledger_is_held_and_makes_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "l.sqlite"
    assert not is_held(ledger)
    assert list(tmp_path.iterdir()) == []
    with hold(ledger):
        assert is_held(ledger)
    assert not is_held(ledger)


def test_a_ledger_that_somebody_only_looks_at_is_not_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "l.sqlite"
    with hold(ledger):
        pass
    looking = os.open(tmp_path / "l.sqlite.lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    gone = threading.Timer(0.3, os.close, [looking])
    gone.start()
    with hold(ledger):
        assert is_held(ledger)
    gone.join()


def test_a_ledger_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path / "l.sqlite"):
            pass


def test_holding_makes_the_ledgers_folder(tmp_path: Path) -> None:
    with hold(tmp_path / "out" / "demo" / "l.sqlite"):
        assert (tmp_path / "out" / "demo").is_dir()


def test_a_ledger_behind_a_symbolic_link_is_the_same_ledger(tmp_path: Path) -> None:
    (tmp_path / "real.sqlite").touch()
    (tmp_path / "link.sqlite").symlink_to("real.sqlite")
    with (
        hold(tmp_path / "real.sqlite"),
        pytest.raises(LedgerLockedError),
        hold(tmp_path / "link.sqlite"),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_a_ledger_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError, match="cannot be written"),
        hold(tmp_path / "file" / "l.sqlite"),
    ):
        pass
