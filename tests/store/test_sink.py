"""Files that are written from threads."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.store.sink import Sink, drop_pages, write_all

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB = 1 << 20


def test_a_file_is_hashed_on_its_way_and_its_head_kept(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "new" / "folder" / "a")
    sink.take([b"glTF", b"\2\0\0\0"])
    written = sink.end([b"", b"rest"])
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == b"glTF\2\0\0\0rest"
    assert sink.head == b"glTF\2\0\0\0"
    assert written.bytes == 12
    assert written.sha256 == hashlib.sha256(b"glTF\2\0\0\0rest").hexdigest()


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    assert Sink(tmp_path / "a").end([]).bytes == 0
    assert (tmp_path / "a").read_bytes() == b""


def test_a_file_that_is_given_up_is_gone_and_its_descriptor_too(tmp_path: Path) -> None:
    before = descriptors()
    for _ in range(3):
        sink = Sink(tmp_path / "a")
        sink.take([b"half"])
        sink.drop()
        sink.drop()
    assert not (tmp_path / "a").exists()
    assert descriptors() == before


@given(st.lists(st.binary(max_size=9)), st.lists(st.integers(1, 12)))
def test_all_is_written_in_its_order_however_little_is_taken_at_a_time(
    pieces: list[bytes], takes: list[int]
) -> None:
    taken, most = bytearray(), iter(takes)

    def write(_file: int, given: Sequence[memoryview]) -> int:
        some = b"".join(given)[: next(most, 5)]
        taken.extend(some)
        return len(some)

    write_all(-1, pieces, write)
    assert bytes(taken) == b"".join(pieces)


def test_a_file_whose_pages_are_dropped_keeps_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * (2 * MIB // 256)
    path, other = tmp_path / "a", tmp_path / "other"
    for each in (path, other):
        Sink(each).end([data])
    with other.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if in_memory(other):
        pytest.skip("this file system keeps what it is told to let go of")
    assert in_memory(path)
    drop_pages(path)
    assert not in_memory(path)
    assert path.read_bytes() == data


def test_dropping_the_pages_of_what_is_gone_is_no_error(tmp_path: Path) -> None:
    drop_pages(tmp_path / "gone")


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def in_memory(path: Path) -> bool:
    """Tell whether the middle of a file can be read without a disk (preadv2(2), RWF_NOWAIT)."""
    with path.open("rb") as file:
        try:
            return os.preadv(file.fileno(), [bytearray(16)], MIB, os.RWF_NOWAIT) == 16
        except BlockingIOError:
            return False
