from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.governors import (
    Balance,
    Budget,
    Doubt,
    Hold,
    Price,
    Streak,
    Verdict,
)


@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        # (time, reset in seconds or None) → how long everyone waits from then
        ([(0, 30.0)], [30]),
        ([(0, 30.0), (10, 5.0)], [30, 20]),  # the later end stands
        ([(0, 30.0), (10, 60.0)], [30, 60]),
        ([(0, None)], [5]),
        ([(0, None), (1, None)], [5, 4]),  # calls of one wave do not add up
        (
            [(0, None), (5, None), (15, None), (35, None), (75, None), (135, None)],
            [5, 10, 20, 40, 60, 60],
        ),
        ([(0, 0.0)], [1]),  # a reset that has passed is no reason to send at once
        ([(0, -9.0)], [1]),
        ([(0, 30.0), (29.5, 0.0)], [30, 1]),
        ([(0, 0.0), (1, 0.0), (3, 0.0), (7, 0.0)], [1, 2, 4, 8]),  # nothing went through meanwhile
    ],
)
def test_after_a_429_all_wait_for_the_reset(
    answers: list[tuple[float, float | None]], waits: list[float]
) -> None:
    hold = Hold()
    assert [hold.limited(now, reset) for now, reset in answers] == waits
    last, wait = answers[-1][0], waits[-1]
    assert [hold.delay(last), hold.delay(last + wait), hold.delay(last + 999)] == [wait, 0, 0]


def test_after_a_call_that_passed_the_first_wait_is_short_again() -> None:
    hold = Hold()
    assert [hold.limited(0, None), hold.limited(5, None)] == [5, 10]
    hold.passed()
    assert hold.limited(15, None) == 5


def test_the_price_is_the_stated_one_and_then_the_highest_of_the_last_twenty() -> None:
    price = Price(65)
    assert price.expected == 65
    price.paid(50)
    assert price.expected == 50
    price.paid(90)
    for _ in range(19):
        price.paid(60)
    assert price.expected == 90  # the 90 is the first of the last twenty
    price.paid(60)
    assert price.expected == 60


@pytest.mark.parametrize(
    ("cap", "spent", "held", "open_", "fits"),
    [
        # with a price of 10: spent + held + open + 10 <= cap
        (None, 999, 999, {1: 999}, True),
        (10, 0, 0, {}, True),
        (9, 0, 0, {}, False),
        (0, 0, 0, {}, False),
        (100, 50, 20, {1: 15, 2: 5}, True),  # 50 + 20 + 20 + 10 = 100
        (100, 51, 20, {1: 15, 2: 5}, False),
        (100, 50, 21, {1: 15, 2: 5}, False),
        (100, 50, 20, {1: 15, 2: 6}, False),
    ],
)
def test_a_call_fits_if_everything_that_may_be_billed_stays_within_the_cap(
    cap: int | None, spent: int, held: int, open_: dict[int, int], *, fits: bool
) -> None:
    assert Budget(cap, open_, spent, held).fits(10) is fits


CALLS = st.lists(
    st.tuples(st.sampled_from(["settle", "keep", "keep and learn"]), st.integers(0, 30)),
    max_size=40,
)


@given(CALLS, st.integers(1, 20), st.integers(0, 300), st.integers(1, 6))
def test_what_passes_the_cap_is_at_most_what_calls_in_flight_cost_over_their_price(
    calls: list[tuple[str, int]], price: int, cap: int, slots: int
) -> None:
    budget = Budget(cap)
    flying: list[tuple[int, str, int]] = []
    over = settled = kept = 0

    def land() -> None:
        nonlocal over, settled, kept
        attempt, how, cost = flying.pop(0)
        match how:
            case "settle":
                budget.settle(price, cost)
            case "keep":
                budget.keep(attempt, price)
                kept += price
                return
            case _:
                budget.keep(attempt, price)
                budget.learnt(attempt, cost)
        settled += cost
        over += max(0, cost - price)

    for attempt, (how, cost) in enumerate(calls):
        if len(flying) == slots:
            land()
        if budget.fits(price):
            budget.hold(price)
            flying.append((attempt, how, cost))
    while flying:
        land()
    assert (budget.spent, budget.held, budget.unsettled) == (settled, 0, kept)
    assert settled + kept <= cap + over


def test_an_open_attempt_of_an_earlier_run_is_learnt_once() -> None:
    budget = Budget(100, {7: 65})
    budget.learnt(7, 60)
    assert (budget.spent, budget.unsettled) == (60, 0)


def test_the_lowest_balance_since_the_last_asking_counts() -> None:
    balance = Balance(reserve=None)
    seen = []
    for told in (500, 430, 470, None):
        balance.seen(told)
        seen.append(balance.known)
    assert seen == [500, 430, 430, 430]
    balance.asked(900)  # topped up
    balance.seen(835)
    assert balance.known == 835
    balance.asked(None)  # could not be read: what was known stands
    assert balance.known == 835


@pytest.mark.parametrize(
    ("reserve", "known", "held", "allows"),
    [
        # with a price of 10: known - held - 10 >= reserve
        (None, 0, 999, True),
        (50, None, 999, True),
        (50, 60, 0, True),
        (50, 59, 0, False),
        (50, 80, 20, True),
        (50, 80, 21, False),
        (0, 10, 0, True),
        (0, 9, 0, False),
    ],
)
def test_a_call_leaves_the_reserve_untouched(
    reserve: int | None, known: int | None, held: int, *, allows: bool
) -> None:
    balance = Balance(reserve)
    balance.seen(known)
    assert balance.allows(10, held) is allows


def test_three_bad_results_in_a_row_say_stop() -> None:
    streak = Streak()
    told = [streak.bad(), streak.bad()]
    streak.good()
    told += [streak.bad(), streak.bad(), streak.bad(), streak.bad()]
    assert told == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("judged", "unjudged", "most"),
    [
        ("", 0, 8),
        ("", 3, 5),  # none was good yet: 8 - 3
        ("gg", 3, 7),  # 8 + 2 - 3
        ("gggg", 3, 9),  # 8 + 4 - 3
        ("gggggggg", 3, 9),  # half of 8 is the most beyond it
        ("ggggggggb", 3, 5),
        ("ggggggggbg", 3, 6),
    ],
)
def test_results_count_as_in_flight_until_they_are_judged_but_for_as_many_as_were_good(
    judged: str, unjudged: int, most: int
) -> None:
    streak = Streak()
    for each in judged:
        if each == "g":
            streak.good()
        else:
            streak.bad()
    streak.unjudged = unjudged
    assert [each for each in range(20) if streak.allows(each, limit=8)] == list(range(most))


def test_one_call_at_a_time_waits_until_its_result_is_judged() -> None:
    streak = Streak()
    streak.good()
    streak.unjudged = 1
    assert not streak.allows(0, limit=1)


def test_without_a_doubt_any_number_may_send() -> None:
    doubt: Doubt[str] = Doubt()
    for lease in range(9):
        assert doubt.may_send()
        doubt.sending(lease)
    assert doubt.ended(0, passed=True) is None
    assert doubt.convict() is None


def test_in_doubt_one_probe_goes_and_its_passing_convicts_the_suspect() -> None:
    doubt: Doubt[str] = Doubt()
    early, probe = object(), object()
    doubt.sending(early)
    assert doubt.unreadable("mug") is Verdict.WAIT
    assert doubt.may_send()
    doubt.sending(probe)
    assert not doubt.may_send()
    assert doubt.ended(early, passed=True) is None  # it went before the doubt, and proves nothing
    assert not doubt.may_send()
    assert doubt.ended(probe, passed=True) == "mug"
    assert doubt.may_send()
    assert doubt.convict() is None


def test_a_probe_that_proves_nothing_lets_another_one_go() -> None:
    doubt: Doubt[str] = Doubt()
    doubt.unreadable("mug")
    for lease in (object(), object()):
        assert doubt.may_send()
        doubt.sending(lease)
        assert not doubt.may_send()
        assert doubt.ended(lease, passed=False) is None
    assert doubt.convict() == "mug"  # nobody else was left to probe


def test_a_second_such_406_says_that_it_is_the_account() -> None:
    doubt: Doubt[str] = Doubt()
    assert doubt.unreadable("mug") is Verdict.WAIT
    assert doubt.unreadable("vase") is Verdict.STOP


@given(st.lists(st.floats(0, 100), max_size=30), st.lists(st.none() | st.floats(-10, 3600)))
def test_a_hold_never_ends_earlier_than_it_was_said_to(
    gaps: list[float], resets: list[float | None]
) -> None:
    hold, now, ends = Hold(), 0.0, [0.0]
    for gap, reset in zip(gaps, resets, strict=False):
        now += gap
        wait = hold.limited(now, reset)
        assert wait > 0
        ends.append(now + wait)
    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(ends))
