"""Finished jobs whose files are not as the ledger has them: gone, altered, or renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.model import Error, Status, Ticket
from pipeline.perform.line import rescue
from pipeline.perform.placing import take_name_back

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.ledger import Finished
    from pipeline.model import Artifact
    from pipeline.perform.desk import Desk
    from pipeline.store import Store


def amiss(store: Store, finished: Sequence[Finished]) -> list[Ticket]:
    """Give the jobs among these whose files are missing, of another size, or superseded by name.

    A look at names and sizes; contents are compared where these differ.
    """
    return [
        each.ticket
        for each in finished
        if not _are_there(store.folder, each.files) or _is_aside(store, each.ticket, each.files)
    ]


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


def _are_there(folder: Path, files: Sequence[Artifact]) -> bool:
    try:
        return all((folder / each.path).stat().st_size == each.bytes for each in files)
    except OSError:
        return False


def _is_aside(store: Store, ticket: Ticket, files: Sequence[Artifact]) -> bool:
    aside = f"{store.stem(ticket.job.id)}.{ticket.fingerprint[:8]}."
    return any(each.path.startswith(aside) for each in files)
