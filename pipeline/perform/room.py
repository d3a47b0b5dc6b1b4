"""How much of what is being sent may stand in memory: the rest stands in files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipeline.api.upload import sliced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.api.upload import Piece

MOST = 16 << 20
"""Bytes of all bodies together; with a slow way to the API every call may be sending."""


class Room:
    """Room for `size` bytes, taken from threads."""

    def __init__(self, size: int = MOST) -> None:
        self.left = size
        self._lock = threading.Lock()

    def hold(self, body: Sequence[bytes]) -> Held | None:
        """Hold a body, given in pieces, until it is closed; None where it does not fit."""
        size = sum(map(len, body))
        with self._lock:
            if size > self.left:
                return None
            self.left -= size
        return Held(body, size, self)

    def give_back(self, size: int) -> None:
        """Have so much room again."""
        with self._lock:
            self.left += size


class Held:
    """A body in memory."""

    def __init__(self, body: Sequence[bytes], size: int, room: Room) -> None:
        self.size = size
        self._body: Sequence[bytes] | None = body
        self._room = room

    def pieces(self) -> Iterator[Piece]:
        """Give it from its beginning. Raises ValueError once it was closed."""
        if self._body is None:
            raise ValueError("the body was let go of")
        return sliced(self._body)

    def close(self) -> None:
        """Let go of it, and give its room back."""
        if self._body is not None:
            self._room.give_back(self.size)
        self._body = None
