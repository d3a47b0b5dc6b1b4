from datetime import datetime

from pipeline.emulator.rate import FixedWindows

NOON = datetime.fromisoformat("2030-01-01T12:00:00+00:00").timestamp()


def test_a_window_lets_its_limit_pass_and_no_more() -> None:
    windows = FixedWindows(3)
    assert [windows.take(NOON + second) for second in (0, 1, 2, 3, 59.999)] == [True] * 3 + [
        False
    ] * 2


def test_the_next_window_begins_with_the_first_submit_after_the_last_one() -> None:
    windows = FixedWindows(1)
    assert windows.take(NOON)
    assert not windows.take(NOON + 59.999)
    assert windows.take(NOON + 60)
    assert not windows.take(NOON + 119.999)
    assert windows.take(NOON + 300)
    assert windows.headers() == {"x-rate-limit-reset-at-utc": "2030-01-01T12:06:00.000Z"}


def test_the_reset_is_rounded_up_to_the_millisecond() -> None:
    windows = FixedWindows(1)
    windows.take(NOON + 0.0004)
    assert windows.headers() == {"x-rate-limit-reset-at-utc": "2030-01-01T12:01:00.001Z"}


def test_without_a_limit_everything_passes_and_nothing_is_said_of_it() -> None:
    windows = FixedWindows(None)
    assert all(windows.take(NOON) for _ in range(1000))
    assert windows.headers() == {}
