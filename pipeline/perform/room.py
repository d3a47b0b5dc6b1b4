"""How much of what is being sent may stand in memory: the rest stands in files."""

from __future__ import annotations

import threading
from io import BytesIO

MOST = 16 << 20
"""Bytes of all bodies together; with a slow way to the API every call may be sending."""


class Room:
    """Room for `size` bytes, taken from threads."""

    def __init__(self, size: int = MOST) -> None:
        self.left = size
        self._lock = threading.Lock()

    def hold(self, body: list[bytes]) -> BytesIO | None:
        """Hold a body, given in pieces, until the file is closed; None where it does not fit."""
        size = sum(map(len, body))
        with self._lock:
            if size > self.left:
                return None
            self.left -= size
        try:
            return _Held(b"".join(body), self)
        except MemoryError:
            self.give_back(size)
            raise

    def give_back(self, size: int) -> None:
        """Have so much room again."""
        with self._lock:
            self.left += size


class _Held(BytesIO):
    def __init__(self, body: bytes, room: Room) -> None:
        super().__init__(body)
        self._room = room
        self._size = len(body)

    def close(self) -> None:
        if not self.closed:
            self._room.give_back(self._size)
        super().close()
