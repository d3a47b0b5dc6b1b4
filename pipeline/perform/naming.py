"""Names for the files of a job: nobody else's is taken, and its own older result keeps one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.api import wire
from pipeline.errors import NameTakenError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pipeline.ledger import Stored
    from pipeline.model import Artifact, Ticket
    from pipeline.perform.desk import Desk

_LARGEST_SIDECAR = 1 << 24
_NAMINGS = 3  # the second is sure of what the ledger has; a third meets another rival


class Names:
    """The names of one ticket's files. What another job or anybody else has is left to them.

    Unless the choice is to be sure, a name that nothing stands under is taken for free where no
    other ticket is of the same job: if the ledger has it for a file that is gone, the journal says
    so.
    """

    def __init__(self, desk: Desk, ticket: Ticket) -> None:
        self.is_sure = not ticket.is_alone
        self._desk = desk
        self._ticket = ticket
        self._freed = set[str]()

    async def free(self, ending: str, *, is_taken: bool | None = None) -> str:
        """Give the path for a file, moving an older version of the same job out of the way.

        `is_taken` tells whether something stands there, where that is known.
        """
        desk, ticket = self._desk, self._ticket
        stem = desk.store.stem(ticket.job.id)
        wanted = f"{stem}{ending}"
        if is_taken is None:
            is_taken = await desk.store.exists(wanted)
        if not self.is_sure and not is_taken:
            return wanted
        owner = desk.lookup.owner_of(wanted)
        if owner is not None and owner[0] == ticket.job.id:
            if owner[1] != ticket.fingerprint:
                await _supersede(desk, wanted, f"{stem}.{owner[1][:8]}{ending}")
                self._freed.add(wanted)
            return wanted
        if owner is None and (not is_taken or wanted in self._freed):
            return wanted
        return f"{stem}.{ticket.fingerprint[:8]}{ending}"


async def journaled(
    desk: Desk, ticket: Ticket, named: Callable[[Names], Awaitable[list[Stored]]]
) -> list[Stored]:
    """Journal files under the names that `named` gives them, before they are renamed.

    A name that another job takes in between is left to it.
    """
    names = Names(desk, ticket)
    for _ in range(_NAMINGS - 1):
        try:
            files = await named(names)
            await desk.moves.stored(ticket, files)
        except NameTakenError:
            names.is_sure = True
        else:
            return files
    files = await named(names)
    await desk.moves.stored(ticket, files)
    return files


async def take_name_back(desk: Desk, ticket: Ticket, artifact: Artifact) -> None:
    """Give a file that was superseded its first name again, now that its job is wanted anew."""
    stem, print_ = desk.store.stem(ticket.job.id), ticket.fingerprint[:8]
    ending = artifact.path.removeprefix(f"{stem}.{print_}")
    if ending == artifact.path:
        return
    wanted = await Names(desk, ticket).free(ending)
    if wanted == artifact.path:
        return
    for old, new in ((artifact.path, wanted), (sidecar(artifact.path), sidecar(wanted))):
        if await desk.store.exists(old):
            await desk.store.keep_also_as(old, f"{new}.part")
            await desk.store.place([(f"{new}.part", new)])
    await desk.moves.renamed(artifact.path, wanted)
    for old in (artifact.path, sidecar(artifact.path)):
        await desk.store.remove(old)


def sidecar(path: str) -> str:
    """Give the path of the provenance beside a file."""
    return path.rpartition(".")[0] + ".json"


async def own_sidecar(desk: Desk, ticket: Ticket, path: str) -> str:
    """Give the path of the sidecar of a result; somebody else's file of that name is left alone."""
    wanted = sidecar(path)
    if not await desk.store.exists(wanted):
        return wanted
    there = wire.json_object(await desk.store.read(wanted, _LARGEST_SIDECAR))
    stem = desk.store.stem(ticket.job.id)
    return wanted if "fingerprint" in there else f"{stem}.{ticket.fingerprint[:8]}.json"


async def _supersede(desk: Desk, path: str, other: str) -> None:
    """Let a paid result that is no longer current go by another name, with its sidecar.

    Linked first, then journaled, then taken over by the rename: at no moment is the older file
    without the name that the ledger has for it.
    """
    for old, new in ((path, other), (sidecar(path), sidecar(other))):
        if await desk.store.exists(old):
            await desk.store.keep_also_as(old, new)
    await desk.moves.renamed(path, other)
