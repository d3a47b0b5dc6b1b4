"""A paid file on its way to its name."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from ledger_parts import Parts, opened
from scripted import GLB

from pipeline.errors import StoreError
from pipeline.ledger import Lookup, Moves, Stored
from pipeline.model import Artifact, Status, Ticket
from pipeline.perform.placing import place
from pipeline.store import Store

if TYPE_CHECKING:
    from pipeline.perform import Desk

pytestmark = pytest.mark.anyio

OLD, NEW = "0" * 64, "1" * 64
SHA256 = hashlib.sha256(GLB).hexdigest()


@dataclass(frozen=True)
class Bench:
    """As much of a desk as is needed up to the journal."""

    parts: Parts
    store: Store
    lookup: Lookup
    moves: Moves

    async def received(self, fingerprint: str, name: str) -> tuple[Ticket, Stored]:
        """Have a job `a` whose body has come."""
        pending = await self.parts.pending("a", fingerprint)
        ticket, _ = await self.parts.brought(pending, Status.RECEIVED)
        self.store.path(name).write_bytes(GLB)
        return ticket, Stored(Artifact("result", name, SHA256, len(GLB)), name, placed=False)


async def test_a_body_that_gets_no_name_stays_in_the_journal(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    async with opened(tmp_path / "l.sqlite") as parts:
        on = Bench(parts, Store(tmp_path / "out", "{id}"), parts.lookup, parts.moves)
        older, result = await on.received(OLD, "a.glb")
        await on.moves.stored(older, [replace(result, temporary=None, placed=True)])
        await on.moves.finished(older, Status.SUCCEEDED)
        (tmp_path / "out" / "a.00000000.glb").mkdir()  # so the older result cannot step aside
        new, body = await on.received(NEW, ".a.2.answer.part")
        await on.moves.stored(new, [body])
        purchase = on.lookup.purchase(new)
        assert purchase is not None
        with pytest.raises(StoreError):
            await place(cast("Desk", on), new, purchase, [body])
        assert on.lookup.files("a", NEW) == [body]
