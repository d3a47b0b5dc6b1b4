"""Results on disk: under their names only when complete, durable once said to be.

A file is streamed to a temporary name beside its target, hashed on the way and fsynced; renamed
when verified; the folder is fsynced after. Nobody's file is overwritten: a superseded result keeps
its bytes under another name. The accepted cost is about 3 ms of fsync a result.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiofiles
from anyio import to_thread

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from pipeline.model import Json

_LEAST_FREE = 128 << 20  # a result has at most about 90 MB
_RESULT = 16 << 20  # 2 to 15 MB are usual
_PIECE = 1 << 20  # smaller writes cost a thread's hop each


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: sha256 (hex) and size in bytes."""

    sha256: str
    bytes: int


class Store:
    """The output folder. Paths are relative to it; nothing is written outside it."""

    def __init__(self, folder: Path, template: str) -> None:
        self.folder = folder
        self._template = template

    def stem(self, job: str) -> str:
        """Give the result's path without its ending."""
        return self._template.replace("{id}", job)

    def path(self, relative: str) -> Path:
        """Give a path below the folder. Raises StoreError for one that leaves it."""
        path = self.folder / relative
        nested = path.parent != self.folder  # otherwise there is nothing that could lead away
        if nested and not path.parent.resolve().is_relative_to(self.folder.resolve()):
            raise StoreError(f"{relative}: leads out of the output folder {self.folder}")
        return path

    def temporary(self, job: str, attempt: int, role: str) -> str:
        """Give the name that a file has while it is being written: beside its target, hidden."""
        folder, _, name = self.stem(job).rpartition("/")
        hidden = f".{name}.{attempt}.{role}.part"
        return f"{folder}/{hidden}" if folder else hidden

    async def ready(self, temporary: str, others: int) -> None:
        """Make sure that a result can be written, before it is paid for. Raises StoreError.

        There is to be room for `others` that are on their way too.
        """
        path = self.path(temporary)
        try:
            await to_thread.run_sync(_try_out, path, others)
        except OSError as error:
            raise _cannot(temporary, error) from error

    async def write(self, relative: str, pieces: AsyncIterable[bytes]) -> Written:
        """Stream a file to disk, durable when this returns. Raises StoreError.

        What fails is taken away again.
        """
        path = self.path(relative)
        try:
            await to_thread.run_sync(_make_folder, path.parent)
            return await _stream(path, pieces)
        except OSError as error:
            raise _cannot(relative, error) from error

    def spool(self, pieces: Sequence[bytes]) -> BinaryIO:
        """Write a file without a name beside the results; it is gone once it is closed.

        Blocks. Raises StoreError.
        """
        try:
            file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - for whoever sends it
            file.writelines(pieces)
            file.flush()
        except OSError as error:
            raise _cannot(".", error) from error
        return file

    async def place(self, renames: Sequence[tuple[str, str]]) -> None:
        """Give files their names, and make the names durable. Raises StoreError."""
        paths = [(self.path(old), self.path(new)) for old, new in renames]
        try:
            await to_thread.run_sync(_rename_all, paths)
        except OSError as error:
            raise _cannot(renames[0][1], error) from error

    async def keep_also_as(self, relative: str, other: str) -> None:
        """Let a file have a second name, under which it stays when the first is taken over."""
        try:
            await to_thread.run_sync(_link, self.path(relative), self.path(other))
        except OSError as error:
            raise _cannot(other, error) from error

    async def copy(self, relative: str, temporary: str) -> Written:
        """Copy a file of the folder to a temporary name, durable when this returns."""
        try:
            async with aiofiles.open(self.path(relative), "rb") as source:
                return await self.write(temporary, _read_pieces(source))
        except OSError as error:
            raise _cannot(relative, error) from error

    async def derive(self, temporary: str, fill: Callable[[BinaryIO], object]) -> Written:
        """Let `fill` write a temporary file, in a thread; durable when this returns.

        What fails is taken away again. Raises StoreError, and whatever `fill` raises.
        """
        path = self.path(temporary)
        try:
            return await to_thread.run_sync(_filled, path, fill)
        except OSError as error:
            raise _cannot(temporary, error) from error

    async def write_json(self, relative: str, value: Mapping[str, Json]) -> None:
        """Replace a small JSON file at once."""
        text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n"
        temporary = f"{relative}.part"
        await self.write(temporary, _one(text.encode()))
        await self.place([(temporary, relative)])

    async def remove(self, relative: str) -> None:
        """Take a file away, if it is there."""
        try:
            await to_thread.run_sync(_unlink, self.path(relative))
        except OSError as error:
            raise _cannot(relative, error) from error

    async def holds(self, relative: str, sha256: str) -> bool:
        """Tell whether a file is there with these bytes."""
        try:
            return await to_thread.run_sync(_hash, self.path(relative)) == sha256
        except OSError as error:
            raise _cannot(relative, error) from error

    async def read(self, relative: str, most: int) -> bytes:
        """Read up to `most` bytes of a file."""
        try:
            async with aiofiles.open(self.path(relative), "rb") as file:
                return await file.read(most)
        except OSError as error:
            raise _cannot(relative, error) from error


async def _stream(path: Path, pieces: AsyncIterable[bytes]) -> Written:
    digest, size, waiting = hashlib.sha256(), 0, bytearray()
    try:
        async with aiofiles.open(path, "wb") as file:
            async for piece in pieces:
                waiting += piece
                if len(waiting) >= _PIECE:
                    size += len(waiting)
                    await to_thread.run_sync(digest.update, bytes(waiting))
                    await file.write(bytes(waiting))
                    waiting.clear()
            size += len(waiting)
            digest.update(waiting)
            await file.write(bytes(waiting))
            await file.flush()
            await to_thread.run_sync(os.fsync, file.fileno())
    except BaseException:
        _unlink(path)
        raise
    return Written(digest.hexdigest(), size)


def _filled(path: Path, fill: Callable[[BinaryIO], object]) -> Written:
    try:
        with path.open("w+b") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            file.seek(0)
            return Written(hashlib.file_digest(file, "sha256").hexdigest(), size)
    except BaseException:
        _unlink(path)
        raise


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _try_out(path: Path, others: int) -> None:
    _make_folder(path.parent)
    if shutil.disk_usage(path.parent).free < _LEAST_FREE + others * _RESULT:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    path.touch()
    path.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder, durable with its parents' entries."""
    made = []
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for each in reversed(made):
        each.mkdir(exist_ok=True)
        _sync_folder(each.parent)


def _rename_all(paths: Sequence[tuple[Path, Path]]) -> None:
    for old, new in paths:
        old.replace(new)
    for folder in {new.parent for _, new in paths}:
        _sync_folder(folder)


def _link(path: Path, other: Path) -> None:
    if other.exists() and other.samefile(path):
        return
    other.unlink(missing_ok=True)
    other.hardlink_to(path)
    _sync_folder(other.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _hash(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


async def _one(data: bytes) -> AsyncIterable[bytes]:
    yield data


async def _read_pieces(
    file: aiofiles.threadpool.binary.AsyncBufferedReader,
) -> AsyncIterable[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


def _cannot(relative: str, error: OSError) -> StoreError:
    return StoreError(f"{relative}: the output folder fails ({error.strerror})")
