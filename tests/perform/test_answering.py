"""A paid body on its way to the disk."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from ledger_parts import opened
from scripted import GLB

from pipeline.api.answer import Answer
from pipeline.errors import BrokenConnectionError
from pipeline.ledger import Moves, Stored
from pipeline.model import Artifact, Status
from pipeline.perform.answering import ANSWER, keep_answer
from pipeline.store import Store

if TYPE_CHECKING:
    from pipeline.perform import Desk

pytestmark = pytest.mark.anyio

NAME = ".a.1.answer.part"
SHA256 = hashlib.sha256(GLB).hexdigest()


@dataclass(frozen=True)
class Bench:
    """As much of a desk as is needed up to the journal."""

    store: Store
    moves: Moves


async def body(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


def answer(*pieces: bytes) -> Answer:
    return Answer(200, {}, body(*pieces), lambda _: None)


async def test_a_body_is_journaled_as_soon_as_it_is_durable_whatever_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        desk = cast("Desk", Bench(Store(tmp_path / "out", "{id}"), parts.moves))
        ticket, attempt = await parts.brought(await parts.pending("a"), Status.RECEIVED)
        kept = await keep_answer(desk, ticket, attempt, answer(GLB[:100], GLB[100:]))
        assert kept == Stored(Artifact(ANSWER, NAME, SHA256, len(GLB)), NAME, placed=False)
        assert parts.lookup.files("a", ticket.fingerprint) == [kept]
    assert (tmp_path / "out" / NAME).read_bytes() == GLB


async def test_a_body_of_no_stated_length_that_falls_short_of_its_own_is_a_cut_one(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        desk = cast("Desk", Bench(Store(tmp_path / "out", "{id}"), parts.moves))
        ticket, attempt = await parts.brought(await parts.pending("a"), Status.RECEIVED)
        with pytest.raises(BrokenConnectionError):
            await keep_answer(desk, ticket, attempt, answer(GLB[:-1]))
        assert parts.lookup.files("a", ticket.fingerprint) == []
    assert list((tmp_path / "out").iterdir()) == []
