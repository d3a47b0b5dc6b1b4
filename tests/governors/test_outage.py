"""When failures are the service's own, and how it is asked whether it is back."""

import math

import pytest

from pipeline.governors import Outage


def fallen(*, jobs: str = "abcab", patience: float = 1800.0) -> tuple[Outage[str], tuple[str, ...]]:
    """An outage that failures of these jobs, at seconds 0, 1, 2 …, have revealed."""
    outage: Outage[str] = Outage(patience)
    given: tuple[str, ...] = ()
    for second, job in enumerate(jobs):
        given = outage.failed(job, object(), float(second))
    return outage, given


@pytest.mark.parametrize(
    ("jobs", "is_on"),
    [
        ("abca", False),  # four in a row
        ("abcab", True),  # five, of three jobs
        ("ababab", False),  # of two jobs: it may be them
        ("aaaaaaaa", False),
        ("abcde", True),
    ],
)
def test_five_failures_in_a_row_of_three_jobs_are_an_outage(jobs: str, *, is_on: bool) -> None:
    assert fallen(jobs=jobs)[0].is_on is is_on


def test_an_answer_in_between_begins_the_row_anew() -> None:
    outage, _ = fallen(jobs="abca")
    assert not outage.passed("z", object())
    for job in "bcab":
        assert outage.failed(job, object(), 9.0) == ()
    assert not outage.is_on


def test_the_tries_that_revealed_it_are_given_back_once() -> None:
    outage, given = fallen()
    assert given == ("a", "b", "c", "a", "b")
    assert outage.failed("d", object(), 9.0) == ()
    assert outage.times == 1


def test_a_failure_just_before_the_row_belongs_to_it() -> None:
    outage: Outage[str] = Outage(1800)
    outage.failed("old", object(), 0.0)
    outage.failed("x", object(), 30.0)
    outage.passed("z", object())
    given = [outage.failed(job, object(), 35.0) for job in "abcde"]
    assert given[-1] == ("x", "a", "b", "c", "d", "e")  # 30 is within 10 s of 35, and 0 is not


def test_probes_go_one_at_a_time_after_growing_waits() -> None:
    outage, _ = fallen()  # seen at second 4
    now, waits = 4.0, []
    for _ in range(9):
        delay = outage.delay(now)
        waits.append(delay)
        now, probe = now + delay, object()
        outage.sending(probe)
        assert outage.delay(now) == math.inf
        outage.failed("x", probe, now)
        outage.ended(probe)
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60]


def test_what_was_in_flight_neither_ends_an_outage_nor_lengthens_it() -> None:
    outage, _ = fallen()
    assert not outage.passed("z", object())
    for _ in range(50):
        outage.failed("x", object(), 4.0)
    assert outage.is_on
    assert outage.delay(4.0) == 1


def test_a_probe_that_is_answered_ends_it() -> None:
    outage, _ = fallen()
    probe = object()
    outage.sending(probe)
    assert outage.passed("x", probe)
    assert not outage.is_on
    assert outage.delay(5.0) == 0


def test_patience_is_counted_from_the_first_failure() -> None:
    outage, _ = fallen(patience=60)
    assert outage.lasted(59.9) is None
    assert outage.lasted(60.0) == 60.0
    assert Outage[str](60).lasted(1e9) is None
