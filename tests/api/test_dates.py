from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api.dates import LONGEST_RESET, reset_delay

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [  # the rest of a cut-off second is waited too: + 1
        ("2026-03-01T12:00:30Z", 31.0),
        ("2026-03-01T12:00:30+00:00", 31.0),
        ("2026-03-01T12:00:30", 31.0),
        ("2026-03-01 12:00:30", 31.0),
        ("2026-03-01 12:00:30 UTC", 31.0),
        ("2026-03-01T12:00:30.250Z", 31.25),
        ("2026-03-01T14:00:30+02:00", 31.0),
        (" 20260301T120030Z ", 31.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 31.0),
        (str(EPOCH + 30), 31.0),
        (str((EPOCH + 30) * 1000), 31.0),
        (f"{EPOCH + 30}.5", 31.5),
        ("2026-03-01T12:00:00Z", 1.0),
        ("2026-03-01T11:59:59Z", 0.0),
        ("2026-03-01T02:00:00Z", 0.0),
        ("0001-01-01T00:00:00+14:00", 0.0),
        ("2026-03-01T12:59:58Z", 3599.0),
        ("2026-03-01T23:00:00Z", LONGEST_RESET),
        ("9999-12-31T23:59:59-14:00", LONGEST_RESET),
        ("99999999999", LONGEST_RESET),
    ],
)
def test_a_reset_is_measured_against_the_answers_own_date_and_capped(
    reset: str, seconds: float
) -> None:
    for clock_off in (0, -9, 9):
        now = NOW + timedelta(hours=clock_off)
        assert reset_delay({"x-rate-limit-reset-at-utc": reset, "date": DATE}, now) == seconds


@pytest.mark.parametrize("date", ["", "yesterday", "\x00", "Sun, 99 Mar 2026 12:00:00 GMT"])
def test_without_a_readable_date_this_machines_clock_counts(date: str) -> None:
    headers = {"x-rate-limit-reset-at-utc": "2026-03-01T12:00:30Z", "date": date}
    assert reset_delay(headers, NOW) == 31.0
    assert reset_delay({"x-rate-limit-reset-at-utc": "2026-03-01T12:00:30Z"}, NOW) == 31.0


@pytest.mark.parametrize("reset", ["", "soon", "30", "-1", "NaN", "2026-13-01", "\ud800", "1e9"])
def test_what_names_no_instant_is_no_reset(reset: str) -> None:
    assert reset_delay({"x-rate-limit-reset-at-utc": reset, "date": DATE}, NOW) is None


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("999999999", LONGEST_RESET),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 31.0),
        ("-5", None),
        ("9999999999", None),
        ("later", None),
    ],
)
def test_a_gateways_retry_after_counts_where_there_is_no_reset(
    after: str, seconds: float | None
) -> None:
    assert reset_delay({"retry-after": after, "date": DATE}, NOW) == seconds
    both = {"retry-after": after, "x-rate-limit-reset-at-utc": "2026-03-01T12:00:09Z", "date": DATE}
    assert reset_delay(both, NOW) == 10.0


_TEXT = st.text(max_size=40) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]\d+")


@given(_TEXT, _TEXT, _TEXT)
def test_no_headers_raise_and_no_wait_is_negative_or_long(
    reset: str, date: str, after: str
) -> None:
    headers = {"x-rate-limit-reset-at-utc": reset, "date": date, "retry-after": after}
    seconds = reset_delay(headers, NOW)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RESET
