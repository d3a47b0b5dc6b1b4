"""One file written from threads: hashed on the way, on disk when it is said to be."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from pipeline.formats import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: sha256 (hex) and size in bytes."""

    sha256: str
    bytes: int


class Sink:
    """A file that is being written. Its methods block; one is called at a time.

    The file is made by the first bytes, its folder with it. `head` is what it begins with, as
    much as tells a format. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self.head = b""
        self._path = path
        self._file: int | None = None
        self._is_made = False
        self._digest = hashlib.sha256()
        self._size = 0

    def take(self, pieces: Sequence[bytes]) -> None:
        """Write more."""
        if self._file is None:
            self.head = _head(pieces)
            self._file = _made(self._path)
            self._is_made = True
        write_all(self._file, pieces)
        for piece in pieces:
            self._digest.update(piece)
            self._size += len(piece)

    def end(self, pieces: Sequence[bytes]) -> Written:
        """Write the last, and make all of it durable."""
        self.take(pieces)
        assert self._file is not None
        os.fsync(self._file)
        self._close()
        self._is_made = False  # it is somebody's now
        return Written(self._digest.hexdigest(), self._size)

    def drop(self) -> None:
        """Give the file up, and take it away."""
        with suppress(OSError):
            self._close()
        if self._is_made:
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _head(pieces: Sequence[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece[: HEAD_BYTES - len(head)]
    return head


def filled(path: Path, fill: Callable[[BinaryIO], object]) -> Written:
    """Let `fill` write a file, and make it durable. Blocks.

    What fails is taken away again. Raises OSError, and whatever `fill` raises.
    """
    try:
        with path.open("w+b") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            file.seek(0)
            return Written(hashlib.file_digest(file, "sha256").hexdigest(), size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def drop_pages(path: Path) -> None:
    """Let the kernel forget a file's bytes in memory, once they are durable and looked at. Blocks.

    Nobody reads a result again tonight. A night's worth of them would push out what the machine
    needs, and new memory for each costs more than writing it (5 ms of CPU for 3 MB, where a virtual
    machine's host has taken free memory back). Advice only: what fails changes nothing.
    """
    advise = getattr(os, "posix_fadvise", None)
    if advise is None:
        return
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            advise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)


def _made(path: Path) -> int:
    """Open a file to be written anew: what `open` would ask of it besides costs four calls."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        make_folder(path.parent)
        return os.open(path, flags, 0o666)


def write_all(
    file: int,
    pieces: Sequence[bytes],
    write: Callable[[int, Sequence[memoryview]], int] = os.writev,
) -> None:
    """Write pieces in their order, large ones without a copy; `write` may take less than all."""
    left = [memoryview(piece) for piece in pieces]
    while left:
        taken = write(file, left)
        while left and taken >= len(left[0]):
            taken -= len(left.pop(0))
        if left:
            left[0] = left[0][taken:]


def make_folder(folder: Path) -> None:
    """Make a folder, durable with its parents' entries."""
    made = []
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for each in reversed(made):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
