"""Files given their names, many at once: one fsync of a folder serves all that wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from pipeline.store.sink import Sink, sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.threads import Hop


@dataclass(slots=True, eq=False)
class _Move:
    """Renames, and texts that replace files; whether they were tried, and what that failed with."""

    renames: Sequence[tuple[Path, Path]]
    texts: Sequence[tuple[Path, str]]
    was_tried: bool = False
    error: BaseException | None = None

    @property
    def folders(self) -> set[Path]:
        """The folders whose entries change."""
        return {path.parent for _, path in self.renames} | {path.parent for path, _ in self.texts}


class Renaming:
    """Gives files their names; what waits while a folder is fsynced goes together after.

    `hop` takes what blocks to another thread.
    """

    def __init__(self, hop: Hop) -> None:
        self._hop = hop
        self._waiting: list[_Move] = []
        self._turn = anyio.Lock(fast_acquire=True)

    async def __call__(
        self, renames: Sequence[tuple[Path, Path]], texts: Sequence[tuple[Path, str]]
    ) -> None:
        """Rename, and replace texts; all of it is durable when this returns.

        Not cut short by a cancelled scope. Raises OSError; whoever waited too is not concerned.
        """
        move = _Move(renames, texts)
        self._waiting.append(move)
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if not move.was_tried:
                    await self._go()
        if move.error is not None:
            raise move.error

    async def _go(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            await self._hop(_moved, batch)
        except BaseException as error:
            for move in batch:
                move.error = move.error or error
            raise
        finally:
            for move in batch:
                move.was_tried = True


def _moved(batch: Sequence[_Move]) -> None:
    """Do what is asked for, each for itself, and make each folder durable once."""
    for move in batch:
        try:
            _renamed(move)
        except OSError as error:
            move.error = error
    for folder in {folder for move in batch for folder in move.folders}:
        try:
            sync_folder(folder)
        except OSError as error:
            for move in batch:
                if folder in move.folders:
                    move.error = move.error or error


def _renamed(move: _Move) -> None:
    written = [(_text(path, text), path) for path, text in move.texts]
    for old, new in [*move.renames, *written]:
        old.replace(new)


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
