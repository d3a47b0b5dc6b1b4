"""Counts kept from events, and what is made of them."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from pipeline.model import Error, Event, Status
from pipeline.report.board import Board
from pipeline.report.lines import JsonLines, Lines
from pipeline.report.live import LiveDisplay
from pipeline.report.wording import credits_text, jobs_text, safe, seconds_text

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = Event("start", jobs={Status.PENDING: 3, Status.SUCCEEDED: 1})
SENT = Event("job", job="mug", previous=Status.PENDING, status=Status.SENT)
RECEIVED = Event(
    "job",
    job="mug",
    previous=Status.SENT,
    status=Status.RECEIVED,
    credits=64_100,
    remaining=9_500_000,
)
SUCCEEDED = Event("job", job="mug", previous=Status.RECEIVED, status=Status.SUCCEEDED)
FAILED = Event(
    "job",
    job="cup",
    previous=Status.SENT,
    status=Status.FAILED,
    error=Error("rejected", "HTTP 400: no\x1b[31m picture"),
)
HOLD = Event("hold", "HTTP 429", seconds=42.0)
STOP = Event("stop", "out of credits")
ALL = (START, SENT, RECEIVED, SUCCEEDED, FAILED, HOLD, STOP)


def lines_of(*events: Event, verbosity: int = 0) -> list[str]:
    out = io.StringIO()
    lines = Lines(out, verbosity=verbosity, now=lambda: NOON, clock=lambda: 0.0)
    for event in events:
        lines(event)
    return out.getvalue().splitlines()


def test_the_board_counts_states_money_and_what_is_left() -> None:
    board = Board()
    for event in (START, SENT, RECEIVED, SUCCEEDED):
        board.take(event, 0.0)
    assert (board.total, board.done, board.began_with, board.left) == (4, 2, 1, 2)
    assert (board.spent, board.remaining) == (64_100, 9_500_000)


def test_a_job_whose_answer_was_lost_has_not_ended() -> None:
    board = Board()
    board.take(START, 0.0)
    done = board.done
    board.take(Event("job", job="mug", previous=Status.SENT, status=Status.UNKNOWN), 0.0)
    assert board.done == done
    board.take(Event("job", job="mug", previous=Status.UNKNOWN, status=Status.SUCCEEDED), 0.0)
    assert board.done == done + 1


def test_a_hold_lasts_until_its_latest_end() -> None:
    board = Board()
    board.take(HOLD, 100.0)
    board.take(Event("hold", seconds=1.0), 101.0)
    assert board.hold_until == 142.0


def test_lines_say_what_a_person_wants_to_know() -> None:
    assert lines_of(*ALL) == [
        "12:00:00 3 pending, 1 succeeded",
        "12:00:00 [2/4] mug succeeded",
        "12:00:00 [3/4] cup failed: HTTP 400: no [31m picture",
        "12:00:00 rate limit: all wait 42s (HTTP 429)",
        "12:00:00 stopping: out of credits",
    ]


def test_quiet_leaves_only_the_stop_and_verbose_adds_what_passes() -> None:
    assert lines_of(*ALL, verbosity=-1) == ["12:00:00 stopping: out of credits"]
    assert lines_of(START, SENT, RECEIVED, verbosity=1)[1:] == [
        "12:00:00 [1/4] mug sent",
        "12:00:00 [1/4] mug received 0.0641 credits",
    ]


def test_json_lines_hold_every_event() -> None:
    out = io.StringIO()
    lines = JsonLines(out, now=lambda: NOON)
    for event in ALL:
        lines(event)
    read = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [each["event"] for each in read] == [event.name for event in ALL]
    assert read[2]["credits"] == 0.0641
    assert read[4]["error"] == {"kind": "rejected", "message": "HTTP 400: no\x1b[31m picture"}


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_live_display_fits_every_width_and_nothing_steers_the_terminal(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    with LiveDisplay(console, verbosity=0, clock=lambda: 0.0) as display:
        for event in ALL:
            display(event)
    shown = out.getvalue()
    assert "cup failed" in shown
    assert "\x1b[31m" not in shown
    frame = io.StringIO()
    plain = Console(file=frame, width=width)
    plain.print(display._render())  # noqa: SLF001 - the frame itself is what people see
    assert max(map(len, frame.getvalue().splitlines())) <= width
    assert "1 failed" in frame.getvalue()


@pytest.mark.parametrize(("limit", "left"), [(None, 2), (5, 2), (2, 1), (1, 0)])
def test_what_is_left_is_what_the_run_takes_up(limit: int | None, left: int) -> None:
    board = Board()  # three pending and one done before; one is done since
    for event in (replace(START, limit=limit), SENT, RECEIVED, SUCCEEDED):
        board.take(event, 0.0)
    assert board.left == left


def test_while_the_manifest_is_read_the_display_says_so() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    display = LiveDisplay(console, verbosity=0, clock=lambda: 0.0)
    console.print(display._render())  # noqa: SLF001 - the frame itself is what people see
    assert out.getvalue() == "reading the manifest and its pictures  0.0s\n"


@pytest.mark.parametrize(
    ("micro", "text"),
    [(0, "0.0000"), (64_100, "0.0641"), (64_123, "0.064123"), (25_000_000, "25.0000")],
)
def test_credits_are_exact(micro: int, text: str) -> None:
    assert credits_text(micro) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"), (185, "3m05s"),
     (7800, "2h10m")],
)  # fmt: skip
def test_durations_read_well(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_states_without_jobs_are_not_named() -> None:
    assert jobs_text({Status.SUCCEEDED: 1200, Status.FAILED: 0}) == "1,200 succeeded"
    assert jobs_text({}) == "no jobs"


def test_text_from_outside_becomes_one_line_that_steers_nothing() -> None:
    assert safe("a\nb\x1b[2Jc\u202e") == "a b [2Jc "
