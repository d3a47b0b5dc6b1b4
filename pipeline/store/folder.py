"""The output folder: nobody's file is overwritten, nothing is written outside it.

A file is streamed to a temporary name beside its target, hashed on the way and fsynced; renamed
when verified; the folder is fsynced after. A superseded result keeps its bytes under another name.
The accepted cost is about 3 ms of fsync a result.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING

import aiofiles
from anyio import to_thread

from pipeline.errors import StoreError
from pipeline.formats import HEAD_BYTES
from pipeline.store.sink import (
    Sink,
    Written,
    filled,
    make_folder,
    sync_folder,
)
from pipeline.store.streaming import Streaming

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from pipeline.model import Json
    from pipeline.threads import Hop

_LEAST_FREE = 128 << 20  # a result has at most about 90 MB
_TRIED_SECONDS = 1.0
_RESULT = 16 << 20  # 2 to 15 MB are usual
_encoded = json.JSONEncoder(ensure_ascii=False).encode
_COPIED = 1 << 20


def fails(relative: str, error: OSError) -> StoreError:
    """Say of an error what it means: that the output folder can no longer be relied on."""
    return StoreError(f"{relative}: the output folder fails ({error.strerror})")


class Store:
    """The output folder. Paths are relative to it; nothing is written outside it.

    `hop` takes what blocks to another thread, `heavy` what takes a while there, if that is another
    way; `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        template: str,
        hop: Hop = to_thread.run_sync,
        clock: Callable[[], float] = time.monotonic,
        heavy: Hop | None = None,
    ) -> None:
        self.folder = folder
        self._template = template
        self.hop = hop
        self.heavy = heavy or hop
        self._stream = Streaming(hop, heavy)
        self._clock = clock
        self._fresh: dict[str, str] = {}
        self._heads: dict[str, bytes] = {}
        self._tried: tuple[Path | None, float] = None, 0.0

    def stem(self, job: str) -> str:
        """Give the result's path without its ending."""
        return self._template.replace("{id}", job)

    def path(self, relative: str) -> Path:
        """Give a path below the folder. Raises StoreError for one that leaves it."""
        path = self.folder / relative
        nested = "/" in relative  # otherwise there is nothing that could lead away
        if nested and not path.parent.resolve().is_relative_to(self.folder.resolve()):
            raise StoreError(f"{relative}: leads out of the output folder {self.folder}")
        return path

    def temporary(self, job: str, attempt: int, role: str) -> str:
        """Give the name that a file has while it is being written: beside its target, hidden."""
        folder, _, name = self.stem(job).rpartition("/")
        hidden = f".{name}.{attempt}.{role}.part"
        return f"{folder}/{hidden}" if folder else hidden

    def ready(self, temporary: str, others: int) -> None:
        """Make sure that a result can be written, before it is paid for. Blocks.

        A folder is tried out once a second. There is to be room for `others` that are on their way
        too. Raises StoreError.
        """
        path = self.path(temporary)
        try:
            now = self._clock()
            if self._tried[0] != path.parent or now - self._tried[1] > _TRIED_SECONDS:
                make_folder(path.parent)
                path.touch()
                path.unlink()
                self._tried = path.parent, now
            if shutil.disk_usage(path.parent).free < _LEAST_FREE + others * _RESULT:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301 - as a write would
        except OSError as error:
            raise fails(temporary, error) from error

    async def write(self, relative: str, pieces: AsyncIterable[bytes]) -> Written:
        """Stream a file to disk, durable when this returns. Raises StoreError.

        What fails is taken away again.
        """
        self._forget(relative)
        sink = Sink(self.path(relative))

        def end(pieces: Sequence[bytes]) -> Written:
            written = sink.end(pieces)
            self._fresh[relative], self._heads[relative] = written.sha256, sink.head
            return written

        try:
            return await self._stream(sink, pieces, end)
        except OSError as error:
            raise fails(relative, error) from error

    def spool(self, pieces: Sequence[bytes]) -> BinaryIO:
        """Write a file without a name beside the results; it is gone once it is closed.

        Blocks. Raises StoreError.
        """
        try:
            file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - for whoever sends it
            file.writelines(pieces)
            file.flush()
        except OSError as error:
            raise fails(".", error) from error
        return file

    async def place(
        self,
        renames: Sequence[tuple[str, str]],
        described: tuple[str, Mapping[str, Json]] | None = None,
    ) -> None:
        """Give files their names, and replace a small JSON file beside them, if one is given.

        Both are durable when this returns. Raises StoreError.
        """
        paths = [(self.path(old), self.path(new)) for old, new in renames]
        for old, _ in renames:
            self._forget(old)
        texts = []
        if described is not None:
            texts.append((self.path(described[0]), _json(described[1])))
        try:
            await self.hop(_placed, paths, texts)
        except OSError as error:
            raise fails(renames[0][1] if renames else ".", error) from error

    async def keep_also_as(self, relative: str, other: str) -> None:
        """Let a file have a second name, under which it stays when the first is taken over."""
        try:
            await self.hop(_link, self.path(relative), self.path(other))
        except OSError as error:
            raise fails(other, error) from error

    async def copy(self, relative: str, temporary: str) -> Written:
        """Copy a file of the folder to a temporary name, durable when this returns."""
        try:
            async with aiofiles.open(self.path(relative), "rb") as source:
                return await self.write(temporary, _read_pieces(source))
        except OSError as error:
            raise fails(relative, error) from error

    async def derive(self, temporary: str, fill: Callable[[BinaryIO], object]) -> Written:
        """Let `fill` write a temporary file, in a thread; durable when this returns.

        What fails is taken away again. Raises StoreError, and whatever `fill` raises.
        """
        self._forget(temporary)
        try:
            written = await self.hop(filled, self.path(temporary), fill)
        except OSError as error:
            raise fails(temporary, error) from error
        self._fresh[temporary] = written.sha256
        return written

    async def remove(self, relative: str) -> None:
        """Take a file away, if it is there."""
        self._forget(relative)
        try:
            await self.hop(_unlink, self.path(relative))
        except OSError as error:
            raise fails(relative, error) from error

    async def holds(self, relative: str, sha256: str) -> bool:
        """Tell whether a file is there with these bytes.

        What was written just now is not read again for the first that asks.
        """
        if self._fresh.pop(relative, None) == sha256:
            return True
        try:
            return await self.hop(_sha256, self.path(relative)) == sha256
        except OSError as error:
            raise fails(relative, error) from error

    async def exists(self, relative: str) -> bool:
        """Tell whether anything has this name."""
        try:
            return await self.hop(self.path(relative).exists)
        except OSError as error:
            raise fails(relative, error) from error

    async def read(self, relative: str, most: int) -> bytes:
        """Read up to `most` bytes of a file; the head of what was just written is known, once."""
        head = self._heads.pop(relative, None)
        if head is not None and most <= HEAD_BYTES:
            return head[:most]
        try:
            return await self.hop(_head, self.path(relative), most)
        except OSError as error:
            raise fails(relative, error) from error

    def opened(self, relative: str) -> tuple[BinaryIO, int]:
        """Open a file to be read; give its size too. Blocks. Raises OSError."""
        file = self.path(relative).open("rb")
        return file, os.fstat(file.fileno()).st_size

    def _forget(self, relative: str) -> None:
        self._fresh.pop(relative, None)
        self._heads.pop(relative, None)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _placed(renames: Sequence[tuple[Path, Path]], texts: Sequence[tuple[Path, str]]) -> None:
    """Rename, and replace texts at once; all of it is durable when this returns."""
    written = [(_text(path, text), path) for path, text in texts]
    for old, new in [*renames, *written]:
        old.replace(new)
    for folder in {path.parent for _, path in renames} | {path.parent for path, _ in texts}:
        sync_folder(folder)


def _text(path: Path, text: str) -> Path:
    """Write a text beside where it is to stand."""
    temporary = path.with_name(f"{path.name}.part")
    sink = Sink(temporary)
    try:
        sink.end([text.encode()])
    except BaseException:
        sink.drop()
        raise
    return temporary


def _link(path: Path, other: Path) -> None:
    if other.exists() and other.samefile(path):
        return
    other.unlink(missing_ok=True)
    other.hardlink_to(path)
    sync_folder(other.parent)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _head(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _json(value: Mapping[str, Json]) -> str:
    """Spell an object with a line for each of its keys."""
    lines = [f"  {_encoded(key)}: {_encoded(each)}" for key, each in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


async def _read_pieces(
    file: aiofiles.threadpool.binary.AsyncBufferedReader,
) -> AsyncIterable[bytes]:
    while piece := await file.read(_COPIED):
        yield piece
