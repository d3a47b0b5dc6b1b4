"""Names for the files of a job."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
from ledger_parts import Parts, opened

from pipeline.ledger import Stored
from pipeline.model import Artifact, Status, Ticket
from pipeline.perform.naming import Names, journaled
from pipeline.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pipeline.ledger import Lookup, Moves
    from pipeline.perform import Desk

pytestmark = pytest.mark.anyio

OLD, NEW = "0" * 64, "1" * 64
GLB, SPLAT = ".glb", ".splat.ply"


@dataclass(frozen=True)
class Shelf:
    """As much of a desk as names are chosen with."""

    parts: Parts
    store: Store
    lookup: Lookup
    moves: Moves

    @property
    def desk(self) -> Desk:
        return cast("Desk", self)

    async def bought(self, id_: str, fingerprint: str, *paths: str) -> Ticket:
        """Have a job that is done, its files on disk."""
        ticket, _ = await self.parts.brought(
            await self.parts.pending(id_, fingerprint), Status.RECEIVED
        )
        for path in paths:
            self.store.path(path).write_text(fingerprint)
        files = [Stored(artifact(path, fingerprint), None, placed=True) for path in paths]
        await self.moves.stored(ticket, files)
        return await self.moves.finished(ticket, Status.SUCCEEDED)

    def texts(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.store.folder.iterdir()}


@asynccontextmanager
async def shelf(folder: Path) -> AsyncIterator[Shelf]:
    (folder / "out").mkdir()
    async with opened(folder / "l.sqlite") as parts:
        yield Shelf(parts, Store(folder / "out", "{id}"), parts.lookup, parts.moves)


def artifact(path: str, text: str) -> Artifact:
    return Artifact("result", path, hashlib.sha256(text.encode()).hexdigest(), len(text))


async def named(names: Names, *endings: str) -> list[Stored]:
    return [
        Stored(artifact(await names.free(ending), NEW), f".{ending}.part", placed=False)
        for ending in endings
    ]


async def test_an_older_result_keeps_its_bytes_under_another_name(tmp_path: Path) -> None:
    async with shelf(tmp_path) as on:
        await on.bought("a", OLD, "a.glb", "a.json")
        new = await on.parts.pending("a", NEW)
        assert await Names(on.desk, new).free(GLB) == "a.glb"
        assert on.texts()["a.00000000.glb"] == OLD
        assert on.lookup.owner_of("a.00000000.glb") == ("a", OLD)


async def test_what_nobody_journaled_is_left_alone(tmp_path: Path) -> None:
    async with shelf(tmp_path) as on:
        on.store.path("a.glb").write_text("the shop's own")
        alone = replace(await on.parts.pending("a", NEW), is_alone=True)
        assert await Names(on.desk, alone).free(GLB) == "a.11111111.glb"


async def test_a_name_that_is_another_jobs_is_left_to_it_though_its_file_is_gone(
    tmp_path: Path,
) -> None:
    async with shelf(tmp_path) as on:
        await on.bought("a.splat", OLD, "a.splat.ply")
        on.store.path("a.splat.ply").unlink()
        alone = replace(await on.parts.pending("a", NEW), is_alone=True)
        files = await journaled(on.desk, alone, lambda names: named(names, GLB, SPLAT))
        assert [each.artifact.path for each in files] == ["a.glb", "a.11111111.splat.ply"]
        assert on.lookup.owner_of("a.splat.ply") == ("a.splat", OLD)


async def test_a_rival_in_between_does_not_leave_the_older_result_under_the_first_name(
    tmp_path: Path,
) -> None:
    """The older result is moved out of the way once; the second choice of names knows of that."""
    async with shelf(tmp_path) as on:
        await on.bought("a", OLD, "a.glb")
        rival, _ = await on.parts.brought(await on.parts.pending("a.splat"), Status.RECEIVED)
        new = await on.parts.pending("a", NEW)
        choices: list[list[str]] = []

        async def rivalled(names: Names) -> list[Stored]:
            files = await named(names, GLB, SPLAT)
            if not choices:
                taken = Stored(artifact("a.splat.ply", "r"), ".r.part", placed=False)
                await on.moves.stored(rival, [taken])
            choices.append([each.artifact.path for each in files])
            return files

        await journaled(on.desk, new, rivalled)
        assert choices == [["a.glb", "a.splat.ply"], ["a.glb", "a.11111111.splat.ply"]]
        assert on.lookup.owner_of("a.glb") == ("a", NEW)
        assert on.lookup.owner_of("a.00000000.glb") == ("a", OLD)
