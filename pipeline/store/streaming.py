"""Bodies on their way to disk: in few and large writes, as far as memory allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence

    from pipeline.store.sink import Sink, Written
    from pipeline.threads import Hop

MOST = 16 << 20
"""Bytes that all bodies together hold in memory before they are written in smaller pieces."""

_LARGE, _SMALL = 1 << 20, 1 << 17  # bytes of a write; each costs a hop to a thread
_PIECES = 64  # a trickle of single bytes would take 40 times their size


class Streaming:
    """Streams bodies to disk, in other threads: small ones by `hop`, others by `heavy`.

    Each holds up to a MiB, 64 pieces at most, while all of them hold less than `most` bytes; else
    128 KiB.
    """

    def __init__(self, hop: Hop, heavy: Hop | None = None, most: int = MOST) -> None:
        self._hop = hop
        self._heavy = heavy or hop
        self._most = most
        self._held = 0

    async def __call__(
        self,
        sink: Sink,
        pieces: AsyncIterable[bytes],
        end: Callable[[Sequence[bytes]], Written] | None = None,
    ) -> Written:
        """Write a body; `end`, in a thread too, stands for the sink's own.

        What fails is taken away again. Raises OSError, and what `pieces` does.
        """
        waiting, size, hop = list[bytes](), 0, self._hop
        try:
            async for piece in pieces:
                waiting.append(piece)
                size += len(piece)
                self._held += len(piece)
                roomy = self._held < self._most and len(waiting) < _PIECES
                if len(waiting) == _PIECES and size < _SMALL:
                    waiting = [b"".join(waiting)]
                if size >= _SMALL:
                    hop = self._heavy
                if size >= (_LARGE if roomy else _SMALL):
                    await hop(sink.take, waiting)
                    self._held -= size
                    waiting, size = [], 0
            return await hop(end or sink.end, waiting)
        except BaseException:
            sink.drop()
            raise
        finally:
            self._held -= size
