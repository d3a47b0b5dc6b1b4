"""An answer whose body may still be on its way, read within bounds."""

from __future__ import annotations

import zlib
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeAlias

from pipeline.errors import AnswerTooLargeError, BrokenConnectionError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping

    Told: TypeAlias = Callable[[Callable[[], None]], None]

_PIECE = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"


class Answer:
    """An answer whose headers are here and whose body may still be on its way.

    `status` is the HTTP status; `headers` have lower-case names, of repeated ones the first.
    `on_end` takes what is to be told once the network has given the body's last byte.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        pieces: AsyncIterator[bytes],
        on_end: Told = lambda _: None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.on_end = on_end
        self._pieces = pieces
        self._kept: list[bytes] = []

    @property
    def is_bounded(self) -> bool:
        """Whether HTTP tells where the body ends; else it ends with the connection."""
        return any(name in self.headers for name in ("content-length", "transfer-encoding"))

    def when_whole(self, tell: Callable[[], None]) -> None:
        """Have told, once, that the whole body is here, though nobody has read it yet.

        Of one that is cut nothing is told, nor where only the connection's end ends it.
        """
        if self.is_bounded:
            self.on_end(tell)

    async def head(self, most: int) -> bytes:
        """Read up to `most` bytes of the body's start; `pieces` gives them again."""
        size = sum(map(len, self._kept))
        while size < most:
            piece = await anext(self._pieces, b"")
            if not piece:
                break
            self._kept.append(piece)
            size += len(piece)
        return b"".join(self._kept)[:most]

    async def pieces(self, most: int) -> AsyncIterator[bytes]:
        """Give the whole body, once, in pieces. Raises AnswerTooLargeError past `most` bytes."""
        size = 0
        async for piece in self._all():
            size += len(piece)
            if size > most:
                raise AnswerTooLargeError(f"the answer is larger than {most:,} bytes")
            yield piece

    async def _all(self) -> AsyncIterator[bytes]:
        kept, self._kept = self._kept, []
        for piece in kept:
            yield piece
        async for piece in self._pieces:
            yield piece


async def unzipped(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Undo a gzip that was not asked for, as stored files are sometimes served, piece by piece.

    At most 1 MiB comes of a step, so whoever counts bytes can stop a bomb. What only claims to be
    gzip goes through as it is. A stream that is broken, cut, or goes on behind its end raises
    BrokenConnectionError: nothing else would tell (RFC 1952, section 2.3: a trailer ends it).
    """
    async with aclosing(pieces):
        first = await anext(pieces, b"")
        if not first or not _MAGIC.startswith(first[:2]):
            yield first
            async for piece in pieces:
                yield piece
            return
        gunzip = zlib.decompressobj(_GZIP)
        for plain in _inflated(gunzip, first):
            yield plain
        async for piece in pieces:
            for plain in _inflated(gunzip, piece):
                yield plain
    if not gunzip.eof or gunzip.unused_data:
        raise BrokenConnectionError("the answer's gzip is cut short, or goes on behind its end")


def _inflated(gunzip: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    while True:
        try:
            plain = gunzip.decompress(piece, _PIECE)
        except zlib.error as error:
            raise BrokenConnectionError(f"the answer's gzip is broken ({error})") from None
        if plain:
            yield plain
        piece = gunzip.unconsumed_tail
        if not piece and len(plain) < _PIECE:
            return
