from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from pipeline.errors import IllegalMoveError, LedgerError
from pipeline.ledger import Writer, writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio


def put(key: str) -> Callable[[sqlite3.Connection], str]:
    def work(db: sqlite3.Connection) -> str:
        db.execute("INSERT INTO meta VALUES (?, '')", (key,))
        return key

    return work


def keys(db: sqlite3.Connection) -> list[str]:
    return [row["key"] for row in db.execute("SELECT key FROM meta ORDER BY key")]


async def test_many_writers_share_few_commits_and_each_gets_its_own_result(tmp_path: Path) -> None:
    statements: list[str] = []
    results: dict[str, str] = {}
    async with writing(tmp_path / "l.sqlite") as write:
        await write(lambda db: db.set_trace_callback(statements.append))

        async def one(key: str) -> None:
            results[key] = await write(put(key))

        async with anyio.create_task_group() as writers:
            for number in range(600):
                writers.start_soon(one, f"{number:03}")
        await write(lambda db: db.set_trace_callback(None))
        assert await write(keys) == [f"{number:03}" for number in range(600)]
    assert results == {key: key for key in results}
    assert len(results) == 600
    # one by one it would be 600; at most 512 share one, and the thread may wake up early
    assert statements.count("COMMIT") <= 60


async def test_what_is_acknowledged_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    async with writing(tmp_path / "l.sqlite") as write:
        await write(put("a"))
    async with writing(tmp_path / "l.sqlite") as write:
        assert await write(keys) == ["a"]


async def test_a_request_that_fails_is_rolled_back_alone(tmp_path: Path) -> None:
    failed: list[str] = []

    def half(db: sqlite3.Connection) -> None:
        put("half")(db)
        raise ValueError("no")

    async with writing(tmp_path / "l.sqlite") as write:
        gate = threading.Event()

        async def hold_the_thread() -> None:
            await write(lambda _: gate.wait(10))

        async def fail() -> None:
            try:
                await write(half)
            except ValueError as error:
                failed.append(str(error))

        async with anyio.create_task_group() as writers:
            writers.start_soon(hold_the_thread)
            await anyio.wait_all_tasks_blocked()
            for work in ("a", "b"):  # all three come into one transaction
                writers.start_soon(write, put(work))
            writers.start_soon(fail)
            await anyio.wait_all_tasks_blocked()
            gate.set()
        assert failed == ["no"]
        assert await write(keys) == ["a", "b"]
        assert write.broken is None


async def test_a_step_that_a_constraint_refuses_fails_alone(tmp_path: Path) -> None:
    async with writing(tmp_path / "l.sqlite") as write:
        await write(put("a"))
        with pytest.raises(IllegalMoveError, match="UNIQUE"):
            await write(put("a"))
        await write(put("b"))
        assert await write(keys) == ["a", "b"]


async def breaks(write: Writer) -> None:
    with pytest.raises(LedgerError, match=r"cannot be written .* nothing more is sent"):
        await write(put("b" * 10_000))
    assert write.broken is not None


async def test_a_file_that_is_full_breaks_the_ledger_for_good(tmp_path: Path) -> None:
    async with writing(tmp_path / "l.sqlite") as write:
        await write(put("a"))
        await write(lambda db: db.execute("PRAGMA max_page_count = 1").fetchone()[0])
        await breaks(write)
        await write_fails(write)
    async with writing(tmp_path / "l.sqlite") as write:
        assert await write(keys) == ["a"]


async def test_a_file_that_turns_read_only_breaks_the_ledger_for_good(tmp_path: Path) -> None:
    async with writing(tmp_path / "l.sqlite") as write:
        await write(lambda db: db.execute("PRAGMA query_only = ON").fetchall())
        await breaks(write)
        await write_fails(write)


async def write_fails(write: Writer) -> None:
    done: list[str] = []
    with pytest.raises(LedgerError, match="cannot be written"):
        await write(lambda _: done.append("work"))
    assert done == []


FULL_AT_COMMIT = """
import resource, signal, sys
from pathlib import Path
import anyio
from pipeline.errors import LedgerError
from pipeline.ledger import writing

async def main():
    told = []
    async with writing(Path(sys.argv[1])) as write:
        await write(lambda db: db.execute("INSERT INTO meta VALUES ('a', '')") and None)
        size = Path(sys.argv[1] + "-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        async def one(key):
            try:
                insert = "INSERT INTO meta VALUES (?, '')"
                await write(lambda db: db.execute(insert, (key,)) and None)
            except LedgerError as error:
                told.append(error.message)

        async with anyio.create_task_group() as writers:
            for number in range(20):
                writers.start_soon(one, str(number))
        assert write.broken is not None
    print(len(told))

anyio.run(main)
"""


async def test_a_commit_that_fails_is_told_to_everyone_in_it(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    command = [sys.executable, "-c", FULL_AT_COMMIT, str(path)]
    done = await anyio.run_process(command, check=False, stderr=subprocess.PIPE)
    assert (done.stdout, done.returncode) == (b"20\n", 0), done.stderr.decode()
    async with writing(path) as write:
        assert await write(keys) == ["a"]


async def test_a_cancelled_writer_still_learns_that_it_was_written(tmp_path: Path) -> None:
    learnt: list[str] = []
    async with writing(tmp_path / "l.sqlite") as write:
        gate = threading.Event()

        def slow(db: sqlite3.Connection) -> str:
            gate.wait(10)
            return put("a")(db)

        async def one() -> None:
            learnt.append(await write(slow))

        async with anyio.create_task_group() as writers:
            writers.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            writers.cancel_scope.cancel()
            gate.set()
        assert learnt == ["a"]
        assert await write(keys) == ["a"]


async def test_a_closed_ledger_refuses_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    async with writing(tmp_path / "l.sqlite") as write:
        pass
    with pytest.raises(LedgerError, match="closed"):
        await write(put("a"))


def test_an_event_loop_that_is_torn_down_leaves_no_thread_behind(tmp_path: Path) -> None:
    """A plain asyncio cancel passes every shield: what was asked for is written all the same."""
    gate = threading.Event()
    path = tmp_path / "l.sqlite"

    def slow(db: sqlite3.Connection) -> str:
        gate.wait(10)
        return put("a")(db)

    async def run() -> None:
        async with writing(path) as write:
            await write(slow)

    async def torn_down() -> None:
        running = asyncio.ensure_future(run())
        for _ in range(2):  # in the write, then in the closing, which waits for the thread
            for _ in range(20):
                await asyncio.sleep(0)
            running.cancel()
        await asyncio.wait([running])

    before = set(threading.enumerate())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(torn_down())
    loop.close()
    gate.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name == "ledger-writer":
            thread.join(10)
            assert not thread.is_alive()

    async def after() -> list[str]:
        async with writing(path) as write:
            return await write(keys)

    assert asyncio.run(after()) == ["a"]
