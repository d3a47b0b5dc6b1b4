"""Finished jobs whose files are not as the ledger has them: gone, altered, or renamed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.model import Error, Status, Ticket
from pipeline.perform.line import rescue
from pipeline.perform.naming import take_name_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ledger import Finished
    from pipeline.model import Artifact
    from pipeline.perform.desk import Desk
    from pipeline.store import Store


def amiss(store: Store, finished: Sequence[Finished]) -> list[str]:
    """Give the jobs of files that are missing, of another size, or superseded by name, each once.

    A look at names and sizes; contents are compared where these differ.
    """
    folder = str(store.folder)
    wrong = (
        each.id
        for each in finished
        if each.path is not None
        and (_size(f"{folder}/{each.path}") != each.bytes or _is_aside(store, each))
    )
    return list(dict.fromkeys(wrong))


async def mend(desk: Desk, ticket: Ticket) -> Ticket:
    """Give a finished job its files, or their names, back. Never buys."""
    files = desk.lookup.files(ticket.job.id, ticket.fingerprint)
    if all([await desk.store.holds(each.artifact.path, each.artifact.sha256) for each in files]):
        for each in files:
            await take_name_back(desk, ticket, each.artifact)
        return ticket
    await _set_aside(desk, [each.artifact for each in files])
    error = Error("file_gone", "its file is gone or altered; it is paid for, and fetched again")
    received = await desk.move(ticket, Status.RECEIVED, error, twin_of=ticket.twin_of)
    return await rescue(desk, received)


async def _set_aside(desk: Desk, files: Sequence[Artifact]) -> None:
    """Give altered files another name: somebody may want them, and their names are needed."""
    for each in files:
        held = await desk.store.holds(each.path, each.sha256)
        if not held and await desk.store.exists(each.path):
            await desk.store.place([(each.path, f"{each.path}.altered")])


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a million paths: pathlib takes its time
    except OSError:
        return None


def _is_aside(store: Store, file: Finished) -> bool:
    mark = f".{file.fingerprint[:8]}."
    if file.path is None or mark not in file.path:
        return False
    return file.path.startswith(store.stem(file.id) + mark)
