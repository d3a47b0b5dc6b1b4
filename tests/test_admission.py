from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import pytest

from pipeline.admission import Admission, Ended, Ends, Governors, Lease
from pipeline.concurrency import Fixed
from pipeline.governors import Balance, Budget, Outage, Price
from pipeline.model import Job, Status, Stop, StopKind, Ticket
from pipeline.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from anyio.abc import TaskGroup

pytestmark = pytest.mark.anyio

PRICE = 10
TICKET = Ticket(Job("mug", "mug.jpg"), "f", Status.PENDING)
CREDITS = Stop(StopKind.CREDITS, "out of credits")
SIGINT = Stop(StopKind.SIGINT, "SIGINT")


def admission(
    *,
    cap: int | None = None,
    reserve: int | None = None,
    known: int | None = None,
    per_minute: float | None = None,
    at_once: int = 1000,
    clock: Callable[[], float] = lambda: 0.0,
) -> Admission:
    balance = Balance(reserve)
    balance.asked(known)
    governors = Governors(
        concurrency=Fixed(at_once),
        rate=Rate(per_minute),
        budget=Budget(cap),
        price=Price(PRICE),
        balance=balance,
        outage=Outage(1800),
    )
    return Admission(governors, clock=clock)


@dataclass
class Queue:
    """Whoever wants to enter, in the order in which they came."""

    door: Admission
    tasks: TaskGroup
    entered: dict[str, Lease]
    ended: list[str]

    async def want(self, *names: str) -> None:
        for name in names:
            self.tasks.start_soon(self.enter, name)
            await anyio.wait_all_tasks_blocked()

    async def enter(self, name: str) -> None:
        try:
            self.entered[name] = await self.door.enter()
        except Ended:
            self.ended.append(name)

    async def settle(self, name: str, credits: int) -> None:
        self.door.settle(self.entered[name], credits)
        await anyio.wait_all_tasks_blocked()


async def queued(door: Admission, story: Callable[[Queue], Coroutine[Any, Any, None]]) -> None:
    """Tell a story about a door; nobody may be left waiting at the end of it."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            await story(Queue(door, tasks, {}, []))


async def test_without_limits_everyone_enters_and_the_price_is_held() -> None:
    door = admission()
    leases = [await door.enter() for _ in range(3)]
    assert [each.price for each in leases] == [PRICE] * 3
    assert (door.budget.held, door.budget.spent) == (3 * PRICE, 0)
    for lease, credits in zip(leases, (12, 0, 9), strict=True):
        door.settle(lease, credits)
    assert (door.budget.held, door.budget.spent, door.price.expected) == (0, 21, 12)


async def test_they_enter_in_the_order_in_which_they_came() -> None:
    async def story(queue: Queue) -> None:
        await queue.want(*"abcd")
        assert list(queue.entered) == ["a"]
        for done, following in ("ab", "bc", "cd"):
            await queue.settle(done, 0)
            assert list(queue.entered)[-1] == following

    await queued(admission(cap=PRICE), story)


async def test_a_newcomer_does_not_slip_in_before_those_who_wait() -> None:
    async def story(queue: Queue) -> None:
        await queue.want("a", "b")
        # c takes its first step after the room is there and before b has woken up to it
        queue.tasks.start_soon(queue.enter, "c")
        queue.door.settle(queue.entered["a"], 0)
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b"]
        await queue.settle("b", 0)
        assert list(queue.entered) == ["a", "b", "c"]

    await queued(admission(cap=PRICE), story)


async def test_the_budget_waits_for_what_is_in_flight_and_then_ends_admission() -> None:
    async def story(queue: Queue) -> None:
        # 30 pays three at 10; the two that cost 8 and 2 make room for a fourth, then 30 - 28 < 10
        await queue.want(*"abcde")
        assert list(queue.entered) == ["a", "b", "c"]
        await queue.settle("a", 8)
        assert list(queue.entered) == ["a", "b", "c"]  # 8 + 10 + 10 + 10 > 30
        await queue.settle("b", 2)
        assert list(queue.entered) == ["a", "b", "c", "d"]  # 8 + 2 + 10 + 10 = 30
        await queue.settle("c", 9)
        assert queue.ended == []
        await queue.settle("d", 9)
        assert queue.ended == ["e"]
        assert queue.door.stop is not None
        assert queue.door.stop.kind is StopKind.BUDGET
        assert "would pass budget.credits" in queue.door.stop.message

    await queued(admission(cap=30), story)


async def test_only_calls_in_flight_that_cost_more_than_was_held_pass_the_budget() -> None:
    async def story(queue: Queue) -> None:
        await queue.want(*"abcd")
        for name in "abc":
            await queue.settle(name, 13)
        assert queue.ended == ["d"]
        assert queue.door.budget.spent == 39  # 30 + 3 * (13 - 10)

    await queued(admission(cap=30), story)


async def test_a_budget_that_pays_no_call_ends_admission_at_once() -> None:
    door = admission(cap=PRICE - 1)
    with pytest.raises(Ended):
        await door.enter()
    assert door.stop is not None
    assert door.stop.kind is StopKind.BUDGET


async def test_an_attempt_that_an_earlier_run_left_open_counts_against_the_budget() -> None:
    door = admission(cap=2 * PRICE)
    door.budget.open[7] = PRICE + 1
    with pytest.raises(Ended):
        await door.enter()


async def test_a_call_whose_answer_was_lost_keeps_its_hold_to_the_end() -> None:
    door = admission(cap=2 * PRICE)
    door.keep(await door.enter(), attempt=1)
    door.settle(await door.enter(), PRICE)
    assert (door.budget.spent, door.budget.unsettled) == (PRICE, PRICE)
    with pytest.raises(Ended):
        await door.enter()


async def test_a_request_that_is_followed_is_waited_for_until_its_bill_is_learnt() -> None:
    async def story(queue: Queue) -> None:
        door = queue.door
        await queue.want("a")
        door.keep(queue.entered["a"], attempt=1, followed=True)
        await queue.want("b")
        assert list(queue.entered) == ["a"]
        assert door.stop is None
        door.learnt(1, 0)  # it failed unbilled: there is room
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b"]
        door.keep(queue.entered["b"], attempt=2, followed=True)
        await queue.want("c")
        door.parted(2, Ends.LOST)  # it outlived its time: its hold stands, nothing is waited for
        await anyio.wait_all_tasks_blocked()
        assert queue.ended == ["c"]
        assert door.budget.unsettled == PRICE

    await queued(admission(cap=PRICE), story)


async def test_the_reserve_is_kept_whatever_is_in_flight_or_open() -> None:
    async def story(queue: Queue) -> None:
        # 85 - 50 pays three at 10; one in flight, one that is open and one followed take them
        door = queue.door
        await queue.want(*"abcd")
        assert list(queue.entered) == ["a", "b", "c"]
        door.keep(queue.entered["a"], attempt=1)
        door.keep(queue.entered["b"], attempt=2, followed=True)
        await anyio.wait_all_tasks_blocked()
        assert (queue.ended, door.stop) == ([], None)
        door.balance.seen(75)
        await queue.settle("c", PRICE)
        door.parted(2, Ends.LOST)
        await anyio.wait_all_tasks_blocked()
        assert queue.ended == ["d"]
        assert door.stop is not None
        assert door.stop.kind is StopKind.BUDGET
        assert "budget.reserve" in door.stop.message

    await queued(admission(reserve=50, known=85), story)


async def test_the_price_that_is_held_follows_what_calls_cost() -> None:
    door = admission(cap=100)
    door.settle(await door.enter(), 25)
    assert (await door.enter()).price == 25
    assert (await door.enter()).price == 25
    assert door.budget.unsettled == 50


async def test_a_stop_wakes_everyone_who_waits() -> None:
    paused: list[str] = []

    async def story(queue: Queue) -> None:
        async def pausing() -> None:
            with pytest.raises(Ended):
                await queue.door.pause(3600)
            paused.append("woken")

        await queue.want(*"abcd")
        queue.tasks.start_soon(pausing)
        await anyio.wait_all_tasks_blocked()
        assert queue.door.end(CREDITS)
        await anyio.wait_all_tasks_blocked()
        assert queue.ended == ["b", "c", "d"]
        assert paused == ["woken"]
        await queue.settle("a", 7)  # what was in flight is paid for
        assert queue.door.budget.spent == 7

    await queued(admission(cap=PRICE), story)


async def test_after_a_stop_nobody_enters_and_no_pause_begins() -> None:
    door = admission()
    door.end(CREDITS)
    with pytest.raises(Ended):
        await door.enter()
    with pytest.raises(Ended):
        await door.pause(3600)
    assert (door.budget.held, door.stop) == (0, CREDITS)


def stop(kind: StopKind) -> Stop:
    return Stop(kind, kind)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (StopKind.CREDITS, StopKind.BUDGET, StopKind.CREDITS),
        (StopKind.REFUSED, StopKind.JOURNAL, StopKind.JOURNAL),
        (StopKind.JOURNAL, StopKind.CREDITS, StopKind.JOURNAL),
        (StopKind.CREDITS, StopKind.SIGINT, StopKind.SIGINT),
        (StopKind.JOURNAL, StopKind.SIGTERM, StopKind.SIGTERM),
        (StopKind.SIGINT, StopKind.CREDITS, StopKind.SIGINT),
        (StopKind.SIGINT, StopKind.SIGTERM, StopKind.SIGINT),
    ],
)
async def test_the_first_stop_stands_but_a_broken_journal_and_then_a_signal_win(
    first: StopKind, second: StopKind, stands: StopKind
) -> None:
    door = admission()
    assert door.end(stop(first))
    assert door.end(stop(second)) is (stands is second)
    assert door.stop == stop(stands)


async def test_in_doubt_exactly_one_probe_goes_through() -> None:
    async def story(queue: Queue) -> None:
        door = queue.door
        door.doubt.unreadable(TICKET)
        await queue.want(*"abc")
        assert list(queue.entered) == ["a"]
        await queue.settle("a", 0)  # that it ended says nothing yet
        assert list(queue.entered) == ["a"]
        assert door.resolved(queue.entered["a"], Ends.UNSENT, passed=False) is None
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b"]
        await queue.settle("b", PRICE)
        assert door.resolved(queue.entered["b"], Ends.SUCCEEDED, passed=True) == TICKET
        await queue.want("d", "e")
        assert list(queue.entered) == [*"abcde"]

    await queued(admission(), story)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_full_minute_is_waited_out() -> None:
    clock = Clock()

    async def story(queue: Queue) -> None:
        await queue.want(*"abc")
        assert list(queue.entered) == ["a", "b"]
        clock.now += 60.5
        await queue.settle("a", 0)  # a change makes the door look again
        assert list(queue.entered) == ["a", "b"]
        clock.now += 0.2  # 60.7 > 60 * 1.01
        await queue.settle("b", 0)
        assert list(queue.entered) == ["a", "b", "c"]

    await queued(admission(per_minute=2, clock=clock), story)


async def test_no_more_are_in_flight_than_the_limit_and_a_followed_call_is_in_flight() -> None:
    async def story(queue: Queue) -> None:
        door = queue.door
        await queue.want("a", "b", "c", "d")
        assert list(queue.entered) == ["a", "b"]
        door.keep(queue.entered["a"], attempt=1, followed=True)
        door.resolved(queue.entered["a"], Ends.FOLLOWED, passed=True)
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b"]  # v2: accepted, and at work
        door.parted(1, Ends.SUCCEEDED)
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b", "c"]
        door.resolved(queue.entered["b"], Ends.LOST, passed=False)
        await queue.settle("b", 0)
        assert list(queue.entered) == ["a", "b", "c", "d"]

    await queued(admission(at_once=2), story)


async def test_a_result_keeps_its_slot_until_it_is_judged_as_long_as_none_was_good() -> None:
    async def story(queue: Queue) -> None:
        door = queue.door
        await queue.want(*"abcdefg")
        assert list(queue.entered) == ["a", "b"]
        door.settle(queue.entered["a"], PRICE)
        door.resolved(queue.entered["a"], Ends.SUCCEEDED, passed=True)
        with door.judging():
            await anyio.wait_all_tasks_blocked()
            assert list(queue.entered) == ["a", "b"]
            door.streak.good()
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b", "c"]
        door.settle(queue.entered["b"], PRICE)
        door.resolved(queue.entered["b"], Ends.SUCCEEDED, passed=True)
        with door.judging():
            await anyio.wait_all_tasks_blocked()
            assert list(queue.entered) == ["a", "b", "c", "d"]  # half of 2 beyond the limit
            door.settle(queue.entered["c"], PRICE)
            door.resolved(queue.entered["c"], Ends.SUCCEEDED, passed=True)
            with door.judging():
                await anyio.wait_all_tasks_blocked()
                assert list(queue.entered) == ["a", "b", "c", "d"]
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b", "c", "d", "e"]
        for name in "defg":
            await queue.settle(name, PRICE)
            door.resolved(queue.entered[name], Ends.SUCCEEDED, passed=True)
            await anyio.wait_all_tasks_blocked()

    await queued(admission(at_once=2), story)


async def test_a_slot_is_free_once_the_result_is_here_and_unjudged_from_then_on() -> None:
    async def story(queue: Queue) -> None:
        door = queue.door
        for _ in range(2):
            door.streak.good()
        await queue.want(*"abcd")
        assert list(queue.entered) == ["a", "b"]
        door.arrived(queue.entered["a"])
        door.arrived(queue.entered["a"])  # once is enough
        await anyio.wait_all_tasks_blocked()
        assert list(queue.entered) == ["a", "b", "c"]
        assert (door.concurrency.in_flight, door.streak.unjudged) == (2, 1)
        assert door.in_flight == 3  # its bill is open
        door.settle(queue.entered["a"], PRICE)
        door.resolved(queue.entered["a"], Ends.SUCCEEDED, passed=True)
        assert (door.concurrency.in_flight, door.streak.unjudged) == (2, 0)
        door.resolved(queue.entered["b"], Ends.FAILED, passed=False)
        door.arrived(queue.entered["b"])  # told too late: it has ended otherwise
        await queue.settle("b", 0)
        assert door.streak.unjudged == 0
        assert list(queue.entered) == [*"abcd"]

    await queued(admission(at_once=2), story)


def test_an_arrival_is_taken_where_no_task_runs() -> None:
    async def main() -> tuple[int, int]:
        door = admission(at_once=2)
        lease, told = await door.enter(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_soon(door.arrived, lease, context=contextvars.Context())
        loop.call_soon(told.set)
        await told.wait()
        return door.concurrency.in_flight, door.streak.unjudged

    assert asyncio.run(main()) == (0, 1)


async def test_after_a_429_everyone_waits_for_the_reset() -> None:
    clock = Clock()

    async def story(queue: Queue) -> None:
        await queue.want("a")
        assert queue.door.limited(queue.entered["a"], 30.0) == 30.0
        await queue.want("b", "c")
        assert list(queue.entered) == ["a"]
        clock.now += 30.0
        await queue.settle("a", 0)
        assert list(queue.entered) == ["a", "b", "c"]

    await queued(admission(clock=clock), story)


async def test_a_pause_ends_when_its_time_has_come() -> None:
    clock = Clock()
    door = admission(clock=clock)
    done: list[float] = []

    async def pausing() -> None:
        await door.pause(30.0)
        done.append(clock.now)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pausing)
        await anyio.wait_all_tasks_blocked()
        door.settle(await door.enter(), 0)  # a change that is none of its business
        await anyio.wait_all_tasks_blocked()
        assert done == []
        clock.now += 30.0
        door.settle(await door.enter(), 0)
    assert done == [130.0]


async def test_whoever_is_cancelled_in_the_queue_lets_the_next_one_through() -> None:
    async def story(queue: Queue) -> None:
        await queue.want("a")
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(queue.door.enter)
            await anyio.wait_all_tasks_blocked()
            leaving.cancel_scope.cancel()
        await queue.want("b")
        assert queue.door.budget.held == PRICE
        await queue.settle("a", 0)
        assert list(queue.entered) == ["a", "b"]

    await queued(admission(cap=PRICE), story)
