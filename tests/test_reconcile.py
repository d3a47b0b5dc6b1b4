"""Rows of the history and attempts: who is whose, and what is left open."""

from collections import Counter
from collections.abc import Mapping
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
    own: Mapping[int, Row] | None = None,
    known: frozenset[str] = frozenset(),
) -> dict[int, Follows]:
    shapes = {} if shown is None else {each.shape: shown for each in attempts}
    fault = "" if whole else "HTTP 500"
    reading = Reading(tuple(rows), whole, shapes, fault, own or {}, known)
    return {number: each.follows for number, each in judge(attempts, reading, patience).items()}


@pytest.mark.parametrize(
    ("attempts", "rows", "follows"),
    [
        pytest.param([asked()], [row(image=A)], {1: "RECEIVED"}, id="the same picture"),
        pytest.param([asked()], [row()], {1: "RECEIVED"}, id="no picture, one of each"),
        pytest.param(
            [asked()],
            [row(image=B)],
            {1: "LEFT"},
            id="another picture may be ours, shown otherwise",
        ),
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
        pytest.param([asked()], [row(created_at=None)], {1: "LEFT"}, id="without a time"),
        pytest.param(
            [asked()], [row(image=A, created_at=None)], {1: "RECEIVED"}, id="our picture, no time"
        ),
        pytest.param(
            [asked(1, mask_sha256=B), asked(2)],
            [row(image=A, mask_sha256=B)],
            {1: "RECEIVED", 2: "FREED"},
            id="a picture with a mask is another request than the picture alone",
        ),
        pytest.param(
            [asked(), asked(2, parameters=None, image=None)],
            [row()],
            {1: "LEFT", 2: "LEFT"},
            id="an attempt of which nothing is known may be the one",
        ),
    ],
)
def test_a_row_is_given_to_the_only_attempt_that_it_can_be_of(
    attempts: list[Asked], rows: list[Row], follows: dict[int, str]
) -> None:
    told = {number: each.name for number, each in verdicts(attempts, rows).items()}
    assert told == follows


def test_the_row_of_an_attempts_own_id_is_its_own() -> None:
    told = verdicts([asked(request_id="r1")], [], own={1: row("r1")}, known=frozenset({"r1"}))
    assert told == {1: Follows.RECEIVED}


def test_a_paid_attempt_whose_id_the_history_does_not_show_is_a_rival() -> None:
    gateway = replace(settled(2, billed=True), request_id="gateway-7")
    assert verdicts([asked(), gateway], [row()]) == {1: Follows.LEFT}
    shown = frozenset({"gateway-7"})  # it has its own row: the other one is ours
    assert verdicts([asked(), gateway], [row()], known=shown) == {1: Follows.RECEIVED}


def test_only_a_shown_request_of_the_same_fields_proves_an_absence() -> None:
    plain = replace(Reading((), whole=True), shown={asked().shape: SENT})
    with_box = canonical({"seed": 1, "prompt": "mug", "bounding_box": [1, 2, 3, 4]})
    for other in (asked(parameters=with_box), asked(mask_sha256=B)):
        [found] = judge([other], plain, LATE).values()
        assert found.follows is Follows.LEFT
    [found] = judge([asked()], plain, LATE).values()
    assert found.follows is Follows.FREED


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
    assert one.links == (*LINK, Link("part2", other.url))
    third = Link("result", "https://h/c.ply")
    assert one.joined(row(links=(third,))).links[2] == Link("part3", third.url)
    assert one.credits == 64_000
    assert row(state=AT_WORK).joined(row()).state is DONE


Body = tuple[str | None, str | None, str | None]


def body(each: Asked) -> Body:
    return each.parameters, each.image_sha256, each.mask_sha256


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Asked], list[Row], dict[int, bool]]:
    """Attempts, and the rows that an honest history has of them; truth: which were billed."""
    attempts, rows, truth = [], [], {}
    for number in range(draw(st.integers(1, 5))):
        sent = SENT + draw(st.integers(0, 20)) * MINUTE
        mask = draw(st.sampled_from([None, B]))
        each = asked(
            number,
            draw(st.sampled_from([MUG, CUP])),
            draw(st.sampled_from([A, B])),
            mask_sha256=mask,
            sent_at=sent,
            protocol=draw(st.sampled_from(["v1", "v2"])),
        )
        billed = draw(st.booleans())
        if not draw(st.booleans()):
            each = replace(each, is_open=False, in_hand=False, is_billed=billed)
        attempts.append(each)
        truth[number] = billed
        if billed or draw(st.booleans()):
            pictured = draw(st.booleans())
            state = draw(st.sampled_from([DONE, AT_WORK])) if billed else FAILED
            shown = row(f"r{number}", state, parameters=each.parameters, created_at=sent + MINUTE)
            rows.append(
                replace(
                    shown,
                    credits=64_000 if billed else 0,
                    image_sha256=each.image_sha256 if pictured else None,
                    mask_sha256=mask if pictured else None,
                )
            )
    return attempts, rows, truth


@given(worlds())
def test_an_honest_history_never_frees_what_was_billed_nor_swaps_two_products(
    world: tuple[list[Asked], list[Row], dict[int, bool]],
) -> None:
    attempts, rows, truth = world
    later = replace(LATE, now=SENT + 60 * MINUTE)
    shapes = {each.shape: SENT + 60 * MINUTE for each in attempts}
    found = judge(attempts, Reading(tuple(rows), whole=True, shown=shapes), later)
    assert set(found) == {each.number for each in attempts if each.is_open}
    served = [each.row.request_id for each in found.values() if each.row is not None]
    assert len(served) == len(set(served))
    freed, unbilled = Counter[Body](), Counter[Body]()
    for number, each in found.items():
        # of two requests of the same body it is all one which was billed
        freed[body(attempts[number])] += each.follows is Follows.FREED
        unbilled[body(attempts[number])] += not truth[number]
        if each.follows in {Follows.RECEIVED, Follows.ACCEPTED}:
            assert each.row is not None
            assert body(attempts[number]) == body(attempts[int(each.row.request_id[1:])])
    assert all(freed[each] <= unbilled[each] for each in freed)


def test_a_row_that_is_certain_says_what_follows() -> None:
    assert adopted("v1", row()).follows is Follows.RECEIVED
    assert adopted("v2", row(state=AT_WORK)).follows is Follows.ACCEPTED
    assert adopted("v1", row(state=AT_WORK)).follows is Follows.LEFT
