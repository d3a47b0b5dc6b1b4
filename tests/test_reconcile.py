"""Rows of the history and attempts: who is whose, and what is left open."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Link
from pipeline.reconcile import (
    Asked,
    Follows,
    Patience,
    Reading,
    Row,
    RowState,
    adopted,
    canonical,
    judge,
)

SENT = datetime(2026, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MUG, CUP = canonical({"seed": 1, "prompt": "mug"}), canonical({"seed": 1, "prompt": "cup"})
A, B = "a" * 64, "b" * 64
LINK = (Link("result", "https://h/a.glb"),)
DONE, FAILED, AT_WORK = RowState.COMPLETED, RowState.FAILED, RowState.PENDING
# sent at 12:00, timeout 3 min, settle 15 min: absence may mean something after 12:18
SOON = Patience(SENT + 10 * MINUTE, 3 * MINUTE, 15 * MINUTE)
LATE = replace(SOON, now=SENT + 19 * MINUTE)


def asked(
    number: int = 1, parameters: str | None = MUG, image: str | None = A, **more: object
) -> Asked:
    return replace(Asked(number, "v1", SENT, parameters, image), **more)  # type: ignore[arg-type]


def row(id_: str = "r1", state: RowState = DONE, image: str | None = None, **more: object) -> Row:
    links = LINK if state is DONE else ()
    whole = Row(id_, state, 64_000, MUG, image, None, SENT + MINUTE, links)
    return replace(whole, **more)  # type: ignore[arg-type]


def settled(number: int, *, billed: bool) -> Asked:
    return asked(number, is_open=False, is_billed=billed, in_hand=False)


def verdicts(
    attempts: list[Asked],
    rows: list[Row],
    *,
    patience: Patience = LATE,
    shown: datetime | None = SENT,
    whole: bool = True,
) -> dict[int, Follows]:
    reading = Reading(tuple(rows), whole, shown, "" if whole else "HTTP 500")
    return {number: each.follows for number, each in judge(attempts, reading, patience).items()}


@pytest.mark.parametrize(
    ("attempts", "rows", "follows"),
    [
        pytest.param([asked()], [row(image=A)], {1: "RECEIVED"}, id="the same picture"),
        pytest.param([asked()], [row()], {1: "RECEIVED"}, id="no picture, one of each"),
        pytest.param([asked()], [row(image=B)], {1: "FREED"}, id="another picture is another's"),
        pytest.param([asked()], [row(parameters=CUP)], {1: "FREED"}, id="another prompt is too"),
        pytest.param(
            [asked()], [row(parameters=CUP, image=A)], {1: "LEFT"}, id="our picture, another prompt"
        ),
        pytest.param([asked()], [row(parameters=None)], {1: "LEFT"}, id="it tells nothing"),
        pytest.param(
            [asked(1), asked(2, image=B)], [row()], {1: "LEFT", 2: "LEFT"}, id="whose is it?"
        ),
        pytest.param(
            [asked(1), asked(2, image=B)],
            [row("r1"), row("r2")],
            {1: "LEFT", 2: "LEFT"},
            id="two of each, and none says which",
        ),
        pytest.param(
            [asked(1), asked(2, image=B)],
            [row("r2", image=B), row("r1", image=A)],
            {1: "RECEIVED", 2: "RECEIVED"},
            id="two of each with their pictures",
        ),
        pytest.param(
            [asked(1), asked(2, image=B)],
            [row("r2", image=B), row("r1")],
            {1: "RECEIVED", 2: "RECEIVED"},
            id="one with a picture leaves the other alone",
        ),
        pytest.param([asked()], [row("r1"), row("r2")], {1: "LEFT"}, id="two rows for one"),
        pytest.param(
            [asked()], [row("r1", FAILED, credits=0), row("r2")], {1: "RECEIVED"}, id="one failed"
        ),
        pytest.param([asked()], [row(state=FAILED, credits=0)], {1: "FREED"}, id="it failed"),
        pytest.param(
            [asked()], [row(state=FAILED, credits=9)], {1: "FAILED_BILLED"}, id="it failed and cost"
        ),
        pytest.param([asked()], [row(state=AT_WORK)], {1: "LEFT"}, id="v1 at work"),
        pytest.param(
            [asked(protocol="v2")], [row(state=AT_WORK)], {1: "ACCEPTED"}, id="v2 at work"
        ),
        pytest.param(
            [asked()], [row("r1", AT_WORK, A), row("r2", DONE, A)], {1: "RECEIVED"}, id="done first"
        ),
        pytest.param(
            [asked(), settled(2, billed=True)], [row()], {1: "LEFT"}, id="another paid one"
        ),
        pytest.param(
            [asked(), settled(2, billed=True)],
            [row(image=A)],
            {1: "FREED"},
            id="a row is a paid one's before it is an unknown's",
        ),
        pytest.param(
            [asked(), settled(2, billed=False)], [row()], {1: "RECEIVED"}, id="another refused one"
        ),
        pytest.param(
            [asked(), asked(2, in_hand=False)],
            [row(image=A)],
            {1: "RECEIVED", 2: "FREED"},
            id="the job that waits goes before the attempt that nobody waits for",
        ),
        pytest.param(
            [asked(request_id="r7")], [row(image=A)], {1: "LEFT"}, id="it has an id of its own"
        ),
        pytest.param(
            [asked(parameters=None, image=None)], [], {1: "LEFT"}, id="nothing is known of it"
        ),
        pytest.param(
            [asked()], [row(created_at=SENT - 25 * 60 * MINUTE)], {1: "FREED"}, id="a day before"
        ),
        pytest.param(
            [asked()], [row(created_at=SENT + 24 * 60 * MINUTE)], {1: "RECEIVED"}, id="a day wide"
        ),
        pytest.param([asked()], [row(created_at=None)], {1: "RECEIVED"}, id="without a time"),
    ],
)
def test_a_row_is_given_to_the_only_attempt_that_it_can_be_of(
    attempts: list[Asked], rows: list[Row], follows: dict[int, str]
) -> None:
    told = {number: each.name for number, each in verdicts(attempts, rows).items()}
    assert told == follows


@pytest.mark.parametrize(
    ("patience", "shown", "whole", "follows"),
    [
        (LATE, SENT, True, Follows.FREED),
        (SOON, SENT, True, Follows.LEFT),  # 12:10 is before 12:18
        (replace(LATE, now=SENT + 18 * MINUTE), SENT, True, Follows.LEFT),
        (LATE, SENT - timedelta(seconds=1), True, Follows.LEFT),  # the history may be behind
        (LATE, None, True, Follows.LEFT),
        (LATE, SENT, False, Follows.LEFT),
    ],
)
def test_absence_frees_only_what_the_history_would_show_by_now(
    patience: Patience, shown: datetime | None, *, whole: bool, follows: Follows
) -> None:
    assert verdicts([asked()], [], patience=patience, shown=shown, whole=whole) == {1: follows}


def test_a_failed_row_frees_at_once_only_if_every_attempt_of_the_body_has_its_own() -> None:
    failed = [row("r1", FAILED, credits=0), row("r2", FAILED, credits=0)]
    both = [asked(), settled(2, billed=False)]  # one unknown, and one that a 500 ended
    assert verdicts(both, failed, patience=SOON, shown=None) == {
        1: Follows.FREED
    }  # 2 rows, 2 tries
    assert verdicts(both, failed[:1], patience=SOON, shown=None) == {1: Follows.LEFT}
    assert verdicts([asked()], failed, patience=SOON, shown=None, whole=False) == {1: Follows.LEFT}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"seed": 1, "prompt": "mug"}, {"seed": "1", "prompt": " mug ", "mask": None}),
        (
            {"seed": 1, "point_coords": "[[320, 240]]"},
            {"seed": 1, "point_coords": [[320.0, 240]], "prompt": None},
        ),
        (
            {"seed": 1, "bounding_box": "[1, 2, 3, 4]", "include_artifacts": False},
            {"seed": 1.0, "bounding_box": "[1,2,3,4]"},
        ),
    ],
)
def test_parameters_are_compared_by_what_they_mean(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    assert canonical(ours) == canonical(theirs) is not None


def test_what_has_no_seed_is_no_request_of_ours() -> None:
    assert canonical({"prompt": "mug"}) is None
    assert canonical({}) is None


def test_rows_of_one_request_are_one_with_all_files() -> None:
    other = Link("result", "https://h/b.glb")
    one = row().joined(row(links=(*LINK, other)))
    assert one.links == (*LINK, Link("part", other.url))
    assert one.credits == 64_000
    assert row(state=AT_WORK).joined(row()).state is DONE


ROWS = st.builds(
    row,
    id_=st.sampled_from(["r1", "r2", "r3", "r4"]),
    state=st.sampled_from(RowState),
    image=st.sampled_from([None, A, B]),
    parameters=st.sampled_from([None, MUG, CUP]),
)
ATTEMPTS = st.builds(
    asked,
    parameters=st.sampled_from([None, MUG, CUP]),
    image=st.sampled_from([A, B]),
    protocol=st.sampled_from(["v1", "v2"]),
    is_open=st.booleans(),
    is_billed=st.booleans(),
    in_hand=st.booleans(),
)


@given(
    st.lists(ATTEMPTS, max_size=5),
    st.lists(ROWS, max_size=5, unique_by=lambda each: each.request_id),
    st.booleans(),
)
def test_no_row_serves_two_attempts_and_nothing_billed_is_freed(
    attempts: list[Asked],
    rows: list[Row],
    whole: bool,  # noqa: FBT001 - drawn
) -> None:
    attempts = [replace(each, number=number) for number, each in enumerate(attempts)]
    reading = Reading(tuple(rows), whole, SENT)
    found = judge(attempts, reading, LATE)
    assert set(found) == {each.number for each in attempts if each.is_open}
    served = [each.row.request_id for each in found.values() if each.row is not None]
    assert len(served) == len(set(served))
    free = [each for each in rows if each.is_billed and each.request_id not in served]
    for each in attempts:
        if each.is_open and found[each.number].follows is Follows.FREED:
            alike = [
                one
                for one in free
                if each.parameters in {one.parameters, None} and one.image_sha256 is None
            ]
            claimed = [one for one in attempts if not one.is_open and one.is_billed]
            assert len(alike) <= len(claimed)


def test_a_row_that_is_certain_says_what_follows() -> None:
    assert adopted("v1", row()).follows is Follows.RECEIVED
    assert adopted("v2", row(state=AT_WORK)).follows is Follows.ACCEPTED
    assert adopted("v1", row(state=AT_WORK)).follows is Follows.LEFT
