from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.concurrency import Adaptive, Call, Fixed


def fill(limit: Fixed, now: float) -> list[Call]:
    """Start as many as may be in flight, each as soon as it may."""
    calls = []
    while (delay := limit.delay(now)) < math.inf:
        now += delay
        calls.append(limit.sent(now))
    return calls


def adaptive(ceiling: int = 64, *, start: int = 4) -> Adaptive:
    return Adaptive(ceiling, timeout=180, start=start)


class Stream:
    """A supply without an end: as soon as a call has ended, others start."""

    def __init__(self, limit: Adaptive, now: float = 0.0) -> None:
        self.limit = limit
        self.now = now
        self.flying = fill(limit, now)

    def succeed(self, number: int, took: float = 30.0) -> int:
        """Let so many calls succeed, in the order in which they went; give the limit then."""
        for _ in range(number):
            call = self.flying.pop(0)
            self.now = max(self.now, call.sent_at + took)
            self.limit.succeeded(call, self.now)
            self.flying += fill(self.limit, self.now)
        return self.limit.limit


def test_a_stated_number_is_used_as_it_is_and_unpaced() -> None:
    limit = Fixed(3)
    calls = fill(limit, 7.0)
    assert [call.sent_at for call in calls] == [7.0] * 3
    limit.refused(calls[0], 8, by_rate=False)
    limit.failed(calls[1], 8)
    limit.lost(calls[2], 8)
    assert (limit.limit, limit.in_flight, limit.reason) == (3, 0, "as stated")


def test_it_grows_up_to_fourfold_a_round_trip_and_up_to_its_ceiling() -> None:
    # three more a success; but the third of four, answered in 30 s, is nine within the 90 s borne
    stream = Stream(adaptive(ceiling=50))
    limits = [stream.succeed(number) for number in (4, 9, 27)]
    assert limits[0] == 9
    assert 18 <= limits[1] <= 27
    assert limits[2] == 50
    assert stream.limit.reason == "as many as limits.max_concurrency allows"


def test_starts_are_a_twentieth_of_a_second_apart() -> None:
    assert [call.sent_at for call in fill(adaptive(), 5.0)] == pytest.approx([5, 5.05, 5.1, 5.15])


def test_short_calls_start_closer_together_than_the_service_does_them() -> None:
    limit = adaptive(start=64)
    stream = Stream(limit)
    stream.succeed(200, took=1)
    # ten starts a second would keep no more than ten calls of a second in flight
    first, second = stream.flying[-2:]
    assert second.sent_at - first.sent_at < 0.05


def test_each_of_the_first_calls_grows_it_though_none_follows_yet() -> None:
    limit = adaptive()
    calls = fill(limit, 0)
    limits = []
    for call in calls:
        limit.succeeded(call, call.sent_at + 2)
        limits.append(limit.limit)
    assert limits == [7, 10, 13, 16]


def test_calls_that_never_saw_the_limit_in_use_do_not_grow_it() -> None:
    limit = adaptive(start=10)
    early = [limit.sent(second) for second in range(8)]  # the eighth sees four fifths in use
    for call in early[2:]:
        limit.succeeded(call, 20)
    late = limit.sent(30)
    grown = limit.limit
    limit.succeeded(late, 40)
    assert (grown, limit.limit) == (10 + 3 * 6, grown)


def test_starts_that_never_left_did_not_use_the_limit() -> None:
    limit = adaptive()
    for now in range(0, 300, 40):
        call, *others = fill(limit, now)
        for other in others:
            limit.unsent(other)
        limit.succeeded(call, now + 30)
    assert (limit.limit, limit.started) == (4, 8)


def test_it_does_not_grow_where_the_limit_was_not_in_use() -> None:
    limit = adaptive()
    for now in range(0, 300, 40):
        limit.succeeded(limit.sent(now), now + 30)
    assert limit.limit == 4


def test_the_calls_ahead_of_a_429_are_the_capacity() -> None:
    limit = adaptive(start=10)
    calls = fill(limit, 0)
    # the eighth is refused first: seven went before it, and those after it will be refused too
    for late in calls[7:]:
        limit.refused(late, 1.5, by_rate=False)
    assert (limit.limit, limit.cuts) == (7, 1)
    assert limit.reason == "429 with 7 in flight before it: these are the capacity"


def test_calls_sent_before_a_cut_say_nothing_about_the_limit_after_it() -> None:
    limit = adaptive(start=10)
    calls = fill(limit, 0)
    limit.refused(calls[9], 1.5, by_rate=False)
    for call in calls[:5]:
        limit.succeeded(call, 30)
    limit.refused(calls[8], 30, by_rate=False)
    limit.lost(calls[7], 180)
    limit.failed(calls[6], 180)
    assert (limit.limit, limit.cuts) == (9, 1)


def test_a_429_of_the_rate_leaves_the_limit() -> None:
    limit = adaptive(start=10)
    limit.refused(fill(limit, 0)[9], 1.5, by_rate=True)
    assert (limit.limit, limit.cuts) == (10, 0)


def test_cuts_that_prove_to_be_the_rates_are_taken_back() -> None:
    limit = adaptive(start=10)
    calls = fill(limit, 0)
    limit.refused(calls[5], 1, by_rate=False)
    assert limit.limit == 5
    limit.refused(calls[4], 2, by_rate=True)
    assert (limit.limit, limit.reason) == (10, "the 429s came of the rate")


def test_after_a_429_starts_are_further_apart_and_then_closer_again() -> None:
    limit = adaptive(start=10)
    calls = fill(limit, 0)
    limit.refused(calls[9], calls[9].sent_at + 0.5, by_rate=True)
    for call in calls[:5]:
        limit.unsent(call)
    sent = [call.sent_at for call in fill(limit, 100)]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    # twice what the refusal took, then 0.7 of the gap before
    assert gaps == pytest.approx([1.0, 0.7, 0.49, 0.343, 0.2401])


def known(capacity: int) -> Stream:
    """Make a stream that knows a capacity, told by a refusal."""
    stream = Stream(adaptive(start=capacity + 1))
    refused = stream.flying.pop()
    stream.limit.refused(refused, refused.sent_at + 0.2, by_rate=False)
    assert stream.succeed(capacity) == capacity
    return stream


def test_a_known_capacity_is_tried_again_after_thirty_successes() -> None:
    stream = known(20)
    assert (stream.succeed(29), stream.succeed(1)) == (20, 21)


def test_a_small_known_capacity_is_tried_again_after_four_rounds() -> None:
    # or a limit of one would stand for thirty jobs, one after the other
    stream = known(2)
    assert (stream.succeed(7), stream.succeed(1)) == (2, 3)


def test_a_raise_that_is_not_refused_within_seconds_is_followed_by_twice_as_large_a_one() -> None:
    stream = known(20)
    stream.succeed(30)
    flying, limits = fill(stream.limit, stream.now) + stream.flying, []
    for seconds in (2.5, 3.5, 4, 7.5):
        stream.limit.succeeded(flying.pop(), stream.now + seconds)
        limits.append(stream.limit.limit)
        flying = fill(stream.limit, stream.now + seconds) + flying
    assert limits == [21, 23, 23, 27]  # 3 s after 21, and then 23, were in flight


def test_a_raise_that_is_refused_leads_back() -> None:
    stream = known(20)
    stream.succeed(30)
    refused = stream.flying.pop()
    stream.limit.refused(refused, refused.sent_at + 0.2, by_rate=False)
    assert (stream.limit.limit, stream.limit.cuts) == (20, 2)


def test_a_queue_is_hardly_ever_longer_than_half_the_timeout() -> None:
    # one server, 10 s a call: with n in flight each takes 10 n seconds, and 90 are borne
    stream, longest, ends = Stream(adaptive()), 0, 0.0
    for _ in range(300):
        call = stream.flying[0]
        ends = max(ends, call.sent_at) + 10
        stream.succeed(1, took=ends - call.sent_at)
        longest = max(longest, stream.limit.in_flight)
    assert 8 <= longest <= 12


def test_latency_that_is_borne_cuts_nothing() -> None:
    stream = Stream(adaptive(start=40))
    stream.succeed(100)
    assert (stream.succeed(200, took=75), stream.limit.cuts) == (64, 0)


def test_a_cut_for_latency_that_only_made_fewer_calls_as_slow_is_taken_back() -> None:
    stream = Stream(adaptive(ceiling=40, start=40))
    stream.succeed(100)
    limits = [stream.succeed(1, took=120) for _ in range(200)]  # however many are in flight
    # 90 s are borne, three quarters of 120: 30, and a third less; then 20 are seen to be as slow
    assert min(limits) == 20
    assert limits[-1] >= 24
    assert stream.limit.cuts == 1


def test_a_lost_answer_halves_the_limit_and_what_is_borne() -> None:
    limit = adaptive(start=8)
    calls = fill(limit, 0)
    limit.lost(calls[7], 60.7)
    assert (limit.limit, limit.reason) == (4, "no answer within 60 s, 8 in flight")
    for call in calls[:7]:
        limit.succeeded(call, 61)
    # 45 s are borne now: with calls of 45 s, no more than these four
    assert Stream(limit, 100).succeed(100, took=45) == 4


def test_after_a_lost_answer_it_recovers_by_twice_as_much_every_thirty_successes() -> None:
    limit = adaptive(start=40)
    calls = fill(limit, 0)
    limit.lost(calls[39], 180)
    for call in calls[:39]:
        limit.succeeded(call, 181)
    stream = Stream(limit, 200)
    assert [stream.succeed(30) for _ in range(4)] == [21, 23, 27, 35]


def test_when_nearly_all_new_calls_fail_starts_pause_longer_and_longer() -> None:
    limit, now, pauses = adaptive(start=8), 0.0, []
    for call in fill(limit, now)[:6]:
        limit.failed(call, now := now + 1)
    assert (limit.limit, limit.reason) == (4, "nearly all new calls fail: pausing for 1 s")
    for _ in range(5):
        pauses.append(limit.delay(now))
        now += limit.delay(now)
        limit.failed(limit.sent(now), now := now + 0.5)
    assert pauses == [1, 2, 4, 8, 15]
    assert limit.limit == 4


def test_an_error_now_and_then_changes_nothing() -> None:
    limit = adaptive(start=20)
    calls = fill(limit, 0)
    for call in calls[::4]:
        limit.failed(call, 5)
    assert (limit.limit, limit.cuts, limit.delay(10)) == (20, 0, 0)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["start", "ok", "refused", "rate", "failed", "lost", "unsent"]),
        st.integers(0, 100),
        st.floats(0, 300),
    ),
    max_size=200,
)


@given(EVENTS, st.integers(1, 40), st.integers(1, 50))
def test_the_limit_stays_from_one_to_the_ceiling_whatever_happens(
    events: list[tuple[str, int, float]], ceiling: int, start: int
) -> None:
    limit, now = Adaptive(ceiling, timeout=180, start=start), 0.0
    flying: list[Call] = []
    for name, which, seconds in events:
        now += seconds
        if name == "start" or not flying:
            if limit.delay(now) == 0:
                flying.append(limit.sent(now))
        else:
            call = flying.pop(which % len(flying))
            match name:
                case "ok":
                    limit.succeeded(call, now)
                case "refused" | "rate":
                    limit.refused(call, now, by_rate=name == "rate")
                case "failed":
                    limit.failed(call, now)
                case "lost":
                    limit.lost(call, now)
                case _:
                    limit.unsent(call)
        assert 1 <= limit.limit <= ceiling
        assert limit.in_flight == len(flying)
        assert limit.delay(now + 100) in {0, math.inf}
