"""Bytes set aside for the length of a command, in memory that stays flat."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import TYPE_CHECKING, Final

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_MEMORY: Final = 1 << 20
"""Bytes that wait for a write; what has no more never needs a file."""

_BLOCK: Final = 1 << 18


class Scratch:
    """Lines, read again any number of times: those that memory does not hold, from a file.

    The file has no name, and is gone with the object. Or it is one that is there already, behind a
    `handle` that passes over: its lines from `start` up to `end`.
    """

    def __init__(self, handle: int | None = None, start: int = 0, end: int = 0) -> None:
        self._handle = handle
        self._start, self._end = start, end
        self._held = bytearray()
        if handle is not None:
            weakref.finalize(self, os.close, handle)

    def add(self, data: bytes) -> None:
        """Take more. Raises UsageError where there is no room for it."""
        self._held += data
        if len(self._held) > IN_MEMORY:
            self._write()

    def skip(self, size: int) -> None:
        """Leave so many bytes of the file out from now on."""
        self._start += size

    def blocks(self) -> Iterator[bytes]:
        """Give all that was taken, piece by piece."""
        at = self._start
        while self._handle is not None and at < self._end:
            block = os.pread(self._handle, min(_BLOCK, self._end - at), at)
            if not block:
                raise UsageError("a temporary file was cut while it was read: start again")
            at += len(block)
            yield block
        yield bytes(self._held)

    def lines(self) -> Iterator[bytes]:
        """Give the lines, without their ends."""
        rest: list[bytes] = []
        for block in self.blocks():
            first, *others = block.split(b"\n")
            rest.append(first)
            if others:
                yield b"".join(rest)
                yield from others[:-1]
                rest = others[-1:]

    def _write(self) -> None:
        try:
            if self._handle is None:
                self._handle = _nameless()
                weakref.finalize(self, os.close, self._handle)
            while self._held:
                written = os.write(self._handle, self._held)
                self._end += written
                del self._held[:written]
        except OSError as error:
            raise UsageError(
                f"no temporary file can be written ({error.strerror}): let TMPDIR name a folder "
                "with room for the manifest's text"
            ) from error


def _nameless() -> int:
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())
