"""The rows of a PLY written as text, read as if they were binary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import FormatError
from pipeline.formats.summary import shown

if TYPE_CHECKING:
    from typing import BinaryIO

PIECE = 64 << 10
MAX_NUMERAL = 64


class Numerals:
    """A file of decimal numbers between white space, read as little-endian float64.

    Every number of a PLY is a float64 exactly, or was one before it was written down.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._cut = b""

    def read(self, _length: int) -> bytes:
        """Read the numbers of one piece of text, whatever is asked for; none at the end."""
        while piece := self._file.read(PIECE):
            words = (self._cut + piece).split()
            whole = piece[-1:].isspace()
            self._cut = b"" if whole else words.pop()
            if len(self._cut) > MAX_NUMERAL:
                raise FormatError(f"{shown(self._cut)} is too long for a number")
            if words:
                return _numbers(words)
        words = [self._cut] if self._cut else []
        self._cut = b""
        return _numbers(words)


def _numbers(words: list[bytes]) -> bytes:
    try:
        return np.array([float(word) for word in words], "<f8").tobytes()
    except ValueError:
        wrong = next(word for word in words if not _is_number(word))
        raise FormatError(f"{shown(wrong)} stands where a number belongs") from None


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
