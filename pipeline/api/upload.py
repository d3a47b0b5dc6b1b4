"""Bodies on their way out: given piece by piece, as the network takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    Piece = bytes | memoryview

_PIECE = 192 << 10


class Upload(Protocol):
    """A body of so many bytes. It is sent once, and closed by whoever is done with it first."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Give it from its beginning; any number of times before it is closed."""
        ...

    def close(self) -> None:
        """Let go of it; any number of times."""
        ...


async def sent(upload: Upload) -> AsyncIterator[Piece]:
    """Give a body to the network, and close it: nothing is kept while a call lasts."""
    try:
        for piece in upload.pieces():
            yield piece
    finally:
        upload.close()


@dataclass(frozen=True, slots=True)
class FileUpload:
    """A body that stands in a file. It was written just now, and is in memory still."""

    file: BinaryIO
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Read it from its beginning."""
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def sliced(body: Sequence[bytes]) -> Iterator[Piece]:
    """Give what stands in memory, a large piece without a copy of it."""
    if sum(map(len, body)) <= _PIECE:
        yield b"".join(body)
        return
    for each in body:
        whole = memoryview(each)
        for start in range(0, len(whole), _PIECE):
            yield whole[start : start + _PIECE]
