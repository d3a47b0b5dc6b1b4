"""Reading by place, in bounded pieces, with a bound on all the reading together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import FormatError

if TYPE_CHECKING:
    from typing import BinaryIO

BLOCK = 1 << 18
"""Bytes held at a time, whatever a file says of itself: what a core's own memory holds, a third
faster than a MiB."""

_PASSES = 32


class Source:
    """A file of `size` bytes.

    A file can name the same bytes in any number of places; no honest one has them read more often
    than `_PASSES` times over, and a dishonest one must not cost more than that.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._left = _PASSES * size

    def read(self, start: int, length: int) -> bytes:
        """Read exactly `length` bytes; fewer, or bytes read too often, are a FormatError."""
        self._left -= length
        if self._left < 0:
            raise FormatError(
                f"it names the same bytes over and over: reading all it names would take "
                f"more than {_PASSES} times its {self.size:,} bytes"
            )
        self._file.seek(start)
        data = self._file.read(length)
        if len(data) != length:
            raise FormatError(
                f"{length:,} bytes were to be read at byte {start:,}, {len(data):,} are there"
            )
        return data
