"""What is seen of a picture's file at a first look, and how to tell that it is still the same."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipeline.inputs.picture import opened, upright_size
from pipeline.inputs.source import name_of, path_of, read_source

if TYPE_CHECKING:
    from pathlib import Path

MARGIN = 2_000_000_000
"""Nanoseconds: no file system tells times more coarsely (FAT counts two seconds)."""

_LARGE = 8 << 20
_one_large = threading.Lock()  # of whatever many threads: files have up to 64 MiB


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture: sha256 (hex) of its source bytes, and its upright size in pixels."""

    sha256: str
    width: int
    height: int


class Stamp(NamedTuple):
    """What changes with a file: its size, the times of its change in nanoseconds, its inode.

    A file's owner sets the time of modification at will, and tools that copy or restore do; the
    time of the status change is the kernel's own, and tells of that.
    """

    size: int
    modified: int
    changed: int
    inode: int


def stamp_of(path: str) -> Stamp | None:
    """Give the stamp of what a path leads to, links followed; None where it leads nowhere."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a million paths: pathlib takes three times as long
    except (OSError, ValueError):
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def is_settled(stamp: Stamp, now: int) -> bool:
    """Tell whether a stamp seen at `now` (ns) would be another one if the file changed after it.

    A clock has ticks: a file that was changed within this one could be changed again, and look the
    same (the racy entries of git's index).
    """
    return max(stamp.modified, stamp.changed) <= now - MARGIN


def look(folder: Path, source: str) -> Sight:
    """Read a picture, and say what it is; nothing is decoded. Raises InputError."""
    data = read_source(folder, source)
    with opened(data, name_of(source)) as picture:
        width, height = upright_size(picture)
    return Sight(hashlib.sha256(data).hexdigest(), width, height)


def look_and_stamp(folder: Path, source: str, now: int) -> tuple[Sight, Stamp | None]:
    """Look at a picture's file; with its stamp, if that can be relied on. Raises InputError.

    `now`, in ns, is before the look. Of large files one is in memory at a time.
    """
    path = path_of(folder, source)
    before = stamp_of(path)
    with _one_large if before is not None and before.size > _LARGE else nullcontext():
        sight = look(folder, source)
    after = stamp_of(path)
    sure = before is not None and before == after and is_settled(before, now)
    return sight, before if sure else None
