"""When a picture's file is taken for the one that was seen, and when it is read again."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pictures import HEIGHT, WIDTH, quarters, saved

from pipeline.errors import InputError
from pipeline.inputs import Memo, Sight, Stamp, look_and_stamp
from pipeline.inputs.sight import MARGIN, is_settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PICTURE = saved(quarters(), "PNG")
OTHER = PICTURE[:-1] + b"?"  # of the same size; what is behind a PNG's end is not looked at
SEEN = Sight(hashlib.sha256(PICTURE).hexdigest(), WIDTH, HEIGHT)
LATER = 3600 * 10**9
NOW = 10 * MARGIN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "b.png").write_bytes(OTHER)
    (tmp_path / "link.png").symlink_to("a.png")
    return tmp_path


@pytest.fixture
def memo(folder: Path) -> Iterator[Memo]:
    """A memo that is asked an hour from now: all files have been left alone for long."""
    with closing(at(folder, LATER)) as memo:
        yield memo


def at(folder: Path, ahead: int) -> Memo:
    return Memo(folder / "seen", folder, lambda: time.time_ns() + ahead)


def see(memo: Memo, folder: Path, *sources: str) -> None:
    for source in sources:
        sight, stamp = look_and_stamp(folder, source, memo.now())
        if stamp is not None:
            memo.remember([(source, sight, stamp)])


def rewritten(folder: Path) -> None:
    times = (folder / "a.png").stat()
    (folder / "a.png").write_bytes(OTHER)
    os.utime(folder / "a.png", ns=(times.st_atime_ns, times.st_mtime_ns))


def touched(folder: Path) -> None:
    (folder / "a.png").touch()


def grown(folder: Path) -> None:
    (folder / "a.png").write_bytes(PICTURE + b" ")


def replaced(folder: Path) -> None:
    times = (folder / "a.png").stat()
    os.utime(folder / "b.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    (folder / "b.png").rename(folder / "a.png")


def restored(folder: Path) -> None:
    (folder / "a.png").write_bytes(OTHER)
    os.utime(folder / "a.png", (0, 0))


def led_elsewhere(folder: Path) -> None:
    (folder / "link.png").unlink()
    (folder / "link.png").symlink_to("b.png")


def gone(folder: Path) -> None:
    (folder / "a.png").unlink()


CHANGES = [
    pytest.param(rewritten, "a.png", id="other content, with the size and time it had"),
    pytest.param(rewritten, "link.png", id="the same behind a link"),
    pytest.param(touched, "a.png", id="touched"),
    pytest.param(grown, "a.png", id="another size"),
    pytest.param(replaced, "a.png", id="replaced by rename, with its size and time"),
    pytest.param(restored, "a.png", id="an older one restored"),
    pytest.param(led_elsewhere, "link.png", id="a link that leads elsewhere"),
    pytest.param(gone, "a.png", id="gone"),
    pytest.param(gone, "link.png", id="a link that leads nowhere"),
]


@pytest.mark.parametrize(("change", "source"), CHANGES)
def test_a_picture_that_is_another_is_not_recognised(
    change: Callable[[Path], None], source: str, folder: Path, memo: Memo
) -> None:
    see(memo, folder, source)
    assert memo.recall([source]) == {source: SEEN}
    change(folder)
    assert memo.recall([source]) == {}


def test_a_picture_that_stays_is_recognised_by_the_next_command_too(folder: Path) -> None:
    absolute = str(folder / "a.png")
    for known in ({}, dict.fromkeys(["a.png", "link.png", absolute], SEEN)):
        with closing(at(folder, LATER)) as memo:
            assert memo.recall(["a.png", "link.png", absolute, "b.png"]) == known
            see(memo, folder, "a.png", "link.png", absolute)


def test_a_picture_that_had_just_changed_when_it_was_read_is_read_again(folder: Path) -> None:
    with closing(at(folder, 0)) as memo:
        see(memo, folder, "a.png")
        assert memo.recall(["a.png"]) == {}


@pytest.mark.parametrize(
    ("modified", "changed", "settled"),
    [
        (0, 0, True),
        (0, NOW - MARGIN, True),
        (NOW - MARGIN, 0, True),
        (0, NOW - MARGIN + 1, False),  # its time would be the same, if it changed again now
        (NOW - MARGIN + 1, 0, False),
        (NOW, NOW, False),
        (NOW + LATER, 0, False),  # from the future: by what clock, nobody knows
    ],
)
def test_a_file_is_settled_once_its_times_are_older_than_any_clocks_tick(
    modified: int, changed: int, *, settled: bool
) -> None:
    assert is_settled(Stamp(1, modified, changed, 1), NOW) is settled


def test_a_data_uri_is_looked_at_each_time(folder: Path, memo: Memo) -> None:
    uri = "data:image/png;base64,iVBORw0KGgo="
    with pytest.raises(InputError):
        look_and_stamp(folder, uri, memo.now())
    assert memo.recall([uri]) == {}


def test_without_a_folder_a_memo_lasts_as_long_as_its_command(folder: Path) -> None:
    path = folder / "out" / "seen"
    for _ in range(2):
        with closing(Memo(path, folder, lambda: time.time_ns() + LATER)) as memo:
            assert memo.recall(["a.png"]) == {}
            see(memo, folder, "a.png")
            assert memo.recall(["a.png"]) == {"a.png": SEEN}
    assert not path.parent.exists()


def no_database(path: Path) -> None:
    path.write_bytes(b"something else" * 1000)


def cut(path: Path) -> None:
    os.truncate(path, 5000)


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 7")
        db.commit()


@pytest.mark.parametrize("harm", [no_database, cut, another_programs])
def test_a_file_that_is_damaged_or_of_another_version_is_replaced(
    harm: Callable[[Path], None], folder: Path
) -> None:
    with closing(at(folder, LATER)) as memo:
        see(memo, folder, "a.png")
    harm(folder / "seen")
    with closing(at(folder, LATER)) as memo:  # this one may go without
        assert memo.recall(["a.png"]) == {}
        see(memo, folder, "a.png")
    with closing(at(folder, LATER)) as memo:
        see(memo, folder, "a.png")
        assert memo.recall(["a.png"]) == {"a.png": SEEN}


def test_a_memo_that_another_command_holds_is_done_without(folder: Path) -> None:
    with closing(at(folder, LATER)) as memo:
        see(memo, folder, "a.png")
    with closing(sqlite3.connect(folder / "seen", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with closing(at(folder, LATER)) as memo:
            assert memo.recall(["a.png"]) == {"a.png": SEEN}
            see(memo, folder, "b.png")  # waits a second, and gives up
            assert memo.recall(["a.png"]) == {}


def test_a_folder_whose_name_is_no_utf_8_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    (folder / "a.png").write_bytes(PICTURE)
    with closing(Memo(tmp_path / "seen", folder, lambda: time.time_ns() + LATER)) as memo:
        see(memo, folder, "a.png")
        assert memo.recall(["a.png"]) == {"a.png": SEEN}
