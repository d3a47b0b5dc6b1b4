from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rates import Rate


def sends(rate: Rate, arrivals: list[float]) -> list[float]:
    """Send each as soon as it has come and the rate lets it."""
    now, sent = 0.0, []
    for arrival in arrivals:
        now = max(now, arrival)
        while (delay := rate.delay(now)) > 0:
            now += delay
        rate.sent(now)
        sent.append(now)
    return sent


def most_in_a_minute(sent: list[float]) -> int:
    return max(sum(start <= each < start + 60 for each in sent) for start in sent)


GAPS = st.lists(st.floats(0, 90) | st.just(0.0), min_size=1, max_size=80)


@given(gaps=GAPS, per_minute=st.integers(1, 12) | st.floats(1, 12))
def test_no_minute_ever_holds_more_sends_than_stated(gaps: list[float], per_minute: float) -> None:
    arrivals = [sum(gaps[: at + 1]) for at in range(len(gaps))]
    assert most_in_a_minute(sends(Rate(per_minute), arrivals)) <= per_minute


@given(st.integers(1, 200))
def test_a_stated_rate_is_used_to_99_hundredths(per_minute: int) -> None:
    # N go at once, and N more each 60.6 s
    sent = sends(Rate(per_minute), [0.0] * (3 * per_minute))
    assert [sent[0], sent[per_minute], sent[2 * per_minute]] == pytest.approx([0, 60.6, 121.2])


def test_less_than_one_a_minute_spaces_sends_further_apart() -> None:
    # 0.5 a minute is one in 120 s, and 1 % more
    assert sends(Rate(0.5), [0.0] * 3) == pytest.approx([0, 121.2, 242.4])


def test_without_a_limit_nothing_waits() -> None:
    assert sends(Rate(None), [0.0] * 1000) == [0.0] * 1000


def test_what_was_taken_in_the_minute_of_a_far_reset_is_the_budget() -> None:
    rate = Rate(None)
    sends(rate, [0.0, *(float(at) for at in range(40, 52))])  # one, and at 40, 41, … 51
    # at 51.2 the reset is 30 s off: its minute began at 21.2; ten were taken in before that of 50
    assert rate.refused(50.0, 51.2, 30.0, ahead=10)
    assert rate.refused(51.0, 51.3, 29.9, ahead=10)
    assert (rate.most, rate.reason) == (10, "429 after 10 in a minute")
    assert rate.delay(80) == pytest.approx(42 + 60.6 - 80)  # ten of the twelve: those from 42 on


def test_sends_of_the_minute_before_are_not_counted() -> None:
    rate = Rate(None)
    sends(rate, [float(at) for at in range(0, 55, 5)])  # 0, 5, … 50
    # the reset is 40 s off at 51, read up to 2 s late: the minute began at 29 or later
    assert rate.refused(50.0, 51.0, 40.0, ahead=5)
    assert rate.most == 4  # 30, 35, 40, 45


@pytest.mark.parametrize("reset", [None, 0.0, 10.0])
def test_a_429_whose_reset_is_near_or_unknown_is_laid_to_the_capacity(reset: float | None) -> None:
    rate = Rate(None)
    sends(rate, [0.0] * 10)
    assert not rate.refused(0.0, 1.0, reset, ahead=9)
    assert rate.most is None


@pytest.mark.parametrize(("taken", "of_the_rate"), [(20, True), (18, True), (17, False)])
def test_with_a_known_budget_a_429_is_the_rates_only_where_nine_tenths_are_spent(
    taken: int, *, of_the_rate: bool
) -> None:
    rate = Rate(20)
    sends(rate, [0.0] * taken)
    assert rate.refused(1.0, 1.0, 30.0, ahead=5) is of_the_rate
    assert rate.most == (taken if of_the_rate else 20)


@pytest.mark.parametrize(
    ("refusals", "of_the_rate"),
    [
        # (now, sends in the minute before, calls in flight ahead): the minute slides on, full
        ([(100, 60, 44), (110, 60, 35), (120, 59, 26)], True),
        # a capacity that fell: both become fewer
        ([(100, 76, 39), (110, 66, 31), (120, 60, 23)], False),
        # a capacity that is tried again and again
        ([(100, 60, 30), (150, 60, 30), (200, 60, 30)], False),
        # more than a minute apart
        ([(100, 60, 44), (200, 60, 26)], False),
    ],
)
def test_near_resets_are_a_sliding_minutes_where_it_stays_full_while_calls_end(
    refusals: list[tuple[float, int, int]], *, of_the_rate: bool
) -> None:
    rate, told = Rate(None), False
    for now, sent, ahead in refusals:
        for _ in range(sent):
            rate.sent(now - 58)  # it has left the minute before the next refusal
        told = rate.refused(now, now, 2.0, ahead)
    assert told is of_the_rate
    assert (rate.most is not None) is of_the_rate


def learnt(budget: int, at: float) -> Rate:
    """Make one that has learnt a budget from a 429, a minute after `at`."""
    rate = Rate(None)
    sends(rate, [at] * budget)
    assert rate.refused(at + 0.5, at + 0.5, 61.0, ahead=budget)
    assert rate.most == budget
    return rate


def test_a_budget_that_fills_and_is_not_refused_is_raised_every_other_minute() -> None:
    rate = learnt(60, 0)
    budgets = []
    for _ in range(9):
        budgets.append(rate.most or 0)
        sends(rate, [0.0] * budgets[-1])
    assert budgets[0] == 60
    assert 63 <= budgets[-1] <= 70
    assert budgets == sorted(budgets)


def test_a_budget_that_does_not_fill_is_not_raised() -> None:
    rate = learnt(60, 0)
    sends(rate, [100.0 + 2 * each for each in range(500)])  # 30 a minute
    assert rate.most == 60


def test_a_stated_budget_is_never_raised_above_what_was_stated() -> None:
    rate = Rate(60)
    sends(rate, [0.0] * 55)
    assert rate.refused(0.5, 0.5, 30.0, ahead=50)
    assert rate.most == 55
    sends(rate, [0.0] * 2000)
    assert rate.most == 60


def test_two_resets_at_one_second_of_their_minutes_make_the_budget_whole_at_a_reset() -> None:
    rate = learnt(5, 0.0)  # the reset was 61.5
    for at in (70.0, 75.0, 80.0, 85.0, 90.0):
        rate.sent(at)
    assert rate.refused(90.5, 90.5, 31.0, ahead=2)  # the reset is 121.5
    assert rate.delay(121.4) > 0
    assert sends(rate, [121.5] * 5) == [121.5] * 5
    assert rate.delay(121.5) == pytest.approx(60.6)


def test_resets_at_other_seconds_keep_the_log() -> None:
    rate = learnt(5, 0.0)
    for at in (70.0, 75.0, 80.0, 85.0, 90.0):
        rate.sent(at)
    assert rate.refused(90.5, 90.5, 20.0, ahead=2)
    assert rate.delay(121.5) == pytest.approx(70 + 60.6 - 121.5)


REFUSALS = st.lists(
    st.tuples(st.floats(0, 100), st.none() | st.floats(0, 3600), st.integers(0, 50)), max_size=60
)


@given(REFUSALS, st.none() | st.integers(1, 100))
def test_whatever_is_refused_a_send_is_let_through_within_two_minutes(
    refusals: list[tuple[float, float | None, int]], stated: int | None
) -> None:
    rate, now = Rate(stated), 0.0
    for gap, reset, ahead in refusals:
        now += gap
        rate.sent(now)
        rate.refused(now, now + 0.2, reset, ahead)
        assert rate.most is None or 1 <= rate.most <= (stated or rate.most)
        assert rate.delay(now) <= 120


def test_a_minute_that_began_before_the_first_send_teaches_nothing() -> None:
    rate = Rate(None)
    rate.sent(100.0)
    # the reset in 50 s ends a minute that began at 90: a run before this one may have filled it
    assert rate.refused(100.0, 100.1, 50.0, 0)
    assert rate.most is None
