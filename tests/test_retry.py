import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import AsyncRetrying, RetryCallState

from pipeline.retry import FREE, FREE_TRIES, SUBMIT, Backoff


def waited(backoff: Backoff, tries: int) -> float:
    state = RetryCallState(AsyncRetrying(), None, (), {})
    state.attempt_number = tries
    return backoff.wait(state)


@given(st.floats(0.01, 10.0), st.floats(0.01, 100.0), st.integers(1, 5000))
def test_a_wait_lies_between_nothing_and_the_doubled_base_or_the_cap(
    base: float, cap: float, tries: int
) -> None:
    doubled = base * 2.0 ** min(tries - 1, 60)
    assert 0.0 <= waited(Backoff(base, cap), tries) <= min(cap, doubled)


@pytest.mark.parametrize("backoff", [SUBMIT, FREE])
def test_the_jitter_is_full(backoff: Backoff) -> None:
    waits = [waited(backoff, 50) for _ in range(400)]
    # 400 draws from [0, cap]: all above a tenth of it, or all below nine, about once in 10^18
    assert min(waits) < backoff.cap / 10
    assert max(waits) > backoff.cap * 9 / 10
    assert len(set(waits)) > 300


def test_the_first_wait_is_at_most_the_base() -> None:
    assert all(waited(SUBMIT, 1) <= 1.0 for _ in range(100))
    assert all(waited(FREE, 1) <= 0.5 for _ in range(100))


def test_a_free_call_that_fails_for_good_waits_less_than_half_a_minute() -> None:
    # 0.5 + 1 + 2 + 4 + 8 between 6 tries
    assert sum(min(FREE.cap, FREE.base * 2**n) for n in range(FREE_TRIES - 1)) == 15.5
