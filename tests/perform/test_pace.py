"""When to ask how far a request is."""

from pipeline.perform.pace import PollPace


def pace(*durations: float) -> PollPace:
    learnt = PollPace()
    for duration in durations:
        learnt.took(duration, polls=2)
    return learnt


def test_until_one_has_shown_how_long_it_takes_polls_go_out_every_second() -> None:
    assert [pace().delay(waited, 0.0) for waited in (0.0, 10.0)] == [1.0, 1.0]


def test_the_first_poll_comes_near_the_usual_duration() -> None:
    # the median of 30, 33 and 40 is 33; 0.85 of that is 28.05
    assert pace(30, 40, 33).delay(0.0, 0.0) == 0.85 * 33


def test_later_polls_come_every_second_or_two() -> None:
    assert pace(33).delay(30.0, 0.0) == 0.05 * 33
    assert pace(100).delay(95.0, 0.0) == 2.0
    assert pace(0.4).delay(0.4, 0.0) == 0.1


def test_jitter_spreads_polls_by_up_to_a_quarter() -> None:
    assert pace(100).delay(95.0, 1.0) == 2.5


def test_what_is_found_done_by_its_first_poll_is_asked_for_earlier_until_it_is_not() -> None:
    # requests take 2 s now, and 60 s were learnt: 0.85 of the median is waited before a poll
    learnt, waits = pace(*[60.0] * 20), []
    for _ in range(100):
        waited, polls = learnt.delay(0.0, 0.0), 1
        waits.append(waited)
        while waited < 2.0:
            waited, polls = waited + learnt.delay(waited, 0.0), polls + 1
        learnt.took(waited, polls)
    assert waits[0] == 0.85 * 60
    assert max(waits[60:]) < 2.5
