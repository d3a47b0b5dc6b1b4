"""How long a call has its slot."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest
from catalogue import KEY, write_manifest
from scripted import GLB, billed, scripted

from pipeline.api.answer import Answer
from pipeline.api.transport import Request, Transport
from pipeline.batch import Options, run
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"


class Held:
    """A transport that holds back the body of a call until the next but one has been sent.

    Not the first two: until one is found to be good, a result keeps its slot. Nor the last two.
    """

    def __init__(self, transport: Transport, calls: int) -> None:
        self._transport = transport
        self._sent = [anyio.Event() for _ in range(calls + 2)]
        self._calls = 0

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        number = self._calls
        self._calls += 1
        self._sent[number].set()
        is_held = 2 <= number < len(self._sent) - 4

        async def pieces(answer: Answer) -> AsyncIterator[bytes]:
            if is_held:
                await self._sent[number + 2].wait()
            async for piece in answer.pieces(1 << 20):
                yield piece

        async with self._transport.send(request) as answer:
            yield Answer(answer.status, answer.headers, pieces(answer), answer.on_end)


async def test_the_next_call_goes_when_an_answer_is_here_though_it_is_not_stored(
    tmp_path: Path,
) -> None:
    async with scripted({V1: [billed(GLB)]}) as script:
        path = write_manifest(tmp_path, 8, script.url + V1, limits={"concurrency": 2})
        options = Options(wrap=lambda transport: Held(transport, 8))
        with anyio.fail_after(60):
            done = await run(load(path), key=KEY, options=options)
        assert done.exit_code == 0
        assert script.submits == 8


class Asked:
    """A transport that notes how many bills the ledger has when a slot is to be given back."""

    def __init__(self, transport: Transport, ledger: Path, bills: list[int]) -> None:
        self._transport = transport
        self._ledger = ledger
        self._bills = bills

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        async with self._transport.send(request) as answer:

            def on_end(tell: Callable[[], None]) -> None:
                with closing(sqlite3.connect(self._ledger)) as db:
                    query = "SELECT COUNT(*) FROM attempt WHERE state = 'billed'"
                    self._bills += db.execute(query).fetchone()
                answer.on_end(tell)

            yield Answer(answer.status, answer.headers, answer.pieces(1 << 20), on_end)


async def test_a_slot_is_not_given_back_before_the_bill_is_counted(tmp_path: Path) -> None:
    """Else a call would go at the old price where the ledger knows already that it has risen."""
    bills: list[int] = []
    async with scripted({V1: [billed(GLB)]}) as script:
        manifest = load(write_manifest(tmp_path, 3, script.url + V1, limits={"concurrency": 1}))

        def wrap(transport: Transport) -> Asked:
            return Asked(transport, manifest.ledger_path, bills)

        done = await run(manifest, key=KEY, options=Options(wrap=wrap))
    assert done.exit_code == 0
    assert bills == [1, 2, 3]
