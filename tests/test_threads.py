"""Threads that are handed work."""

import gc
import threading
import weakref

import anyio
import pytest

from pipeline.threads import Threads, threads

pytestmark = pytest.mark.anyio


async def test_work_gives_its_result_from_another_thread() -> None:
    async with threads(2, 0.01) as hop:
        assert await hop(divmod, 17, 5) == (3, 2)
        assert await hop(threading.get_ident) != threading.get_ident()


async def test_what_work_raises_is_raised_where_it_was_asked_for() -> None:
    async with threads(1, 0.01) as hop:
        with pytest.raises(ZeroDivisionError):
            await hop(divmod, 1, 0)
        assert await hop(str, 1) == "1"


async def test_as_much_work_is_under_way_as_there_are_threads() -> None:
    free, both = threading.Semaphore(2), threading.Barrier(2, timeout=10)

    def work() -> None:
        assert free.acquire(blocking=False)
        both.wait()  # one alone would wait in vain
        free.release()

    async with threads(2, 0.01) as hop, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(hop, work)


async def test_one_thread_does_all_work_as_long_as_none_waits_long() -> None:
    async with threads(3, patience=3600) as hop, anyio.create_task_group() as tasks:
        seen = set[int]()

        async def ask() -> None:
            seen.add(await hop(threading.get_ident))

        for _ in range(100):
            tasks.start_soon(ask)
    assert len(seen) == 1


async def test_others_join_in_where_work_has_waited() -> None:
    async with threads(2, patience=0.01) as hop:
        for _ in range(3):
            behind = threading.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hop, behind.set)  # asked for once this task waits, so behind it
                assert await hop(behind.wait, 20)  # one alone would wait in vain
            assert await hop(str, 1) == "1"


async def test_others_join_in_where_heavy_work_would_wait() -> None:
    async with threads(2, patience=3600) as hop:
        begun, behind = threading.Event(), threading.Event()

        def wait() -> None:
            begun.set()
            assert behind.wait(20)  # one alone would wait in vain

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hop, wait)
            await anyio.to_thread.run_sync(begun.wait)
            tasks.start_soon(hop.heavy, behind.set)


async def test_work_that_has_begun_is_seen_to_its_end_whatever_is_cancelled() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        go_on.wait()
        done.append(True)

    async with threads(1, 0.01) as hop, anyio.create_task_group() as tasks:

        async def ask() -> None:
            await hop(work)
            done.append(True)

        tasks.start_soon(ask)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
        go_on.set()
    assert done == [True, True]


async def test_what_waits_is_done_before_the_threads_end() -> None:
    done: list[int] = []
    async with anyio.create_task_group() as tasks, threads(1, 0.01) as hop:
        for number in range(100):
            tasks.start_soon(hop, done.append, number)
        await anyio.wait_all_tasks_blocked()
    assert sorted(done) == list(range(100))


async def test_work_is_refused_once_the_threads_have_ended() -> None:
    async with threads(1, 0.01) as hop:
        pass
    with pytest.raises(RuntimeError, match="have ended"):
        await hop(str, 1)


async def test_nothing_is_held_of_work_that_is_done() -> None:
    class Large:
        pass

    async with threads(1, 0.01) as hop:
        seen = weakref.ref(await hop(Large))
        await hop(str, 1)
        gc.collect()
        assert seen() is None


async def test_nothing_is_held_of_work_that_failed() -> None:
    class Large:
        def fail(self) -> None:
            raise ZeroDivisionError

    async def failed(hop: Threads) -> weakref.ref[Large]:
        large = Large()
        with pytest.raises(ZeroDivisionError):
            await hop(large.fail)
        return weakref.ref(large)

    async with threads(1, 0.01) as hop:
        seen = await failed(hop)
        await hop(str, 1)
        gc.collect()
        assert seen() is None
