"""The judge finds what is wrong: each promise is broken once on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from torture.evidence import Attempt, Evidence, Request, Told
from torture.judge import Broken, judge, left_open
from torture.telling import Tells

BOUGHT = Request("r1", "COMPLETED", 60_000, "body1", "image1", models=frozenset({"model1"}))
KNOWN = Attempt(1, "a", "print1", "billed", "body1", 60_000, request_id="r1", sent_at=10)
LOST = Attempt(2, "b", "print2", "unknown", "body2", sent_at=11, parameters="mug")
DONE = {
    "id": "a",
    "status": "succeeded",
    "credits": 0.06,
    "result": "a.glb",
    "sha256": "model1",
}
ROW = Told("r1", "COMPLETED", "cup", "image1")


def evidence(*more: Attempt, **changes: Any) -> Evidence:
    """One job that was bought, and what else a test adds."""
    whole = Evidence(
        requests=[BOUGHT],
        history=[ROW],
        attempts=[KNOWN, *more],
        rows=[DONE],
        statuses={"jobs": {"succeeded": 1, "failed": 0}, "credits": {"spent": 0.06}},
        buys={"a": "print1"},
        standing={("a", "print1"): "succeeded"},
        disk={"a.glb": "model1", "a.json": "sidecar"},
    )
    return replace(whole, **changes)


def broken(found: Evidence) -> set[Broken]:
    return {finding.broken for finding in judge(found)}


def test_nothing_is_found_where_every_promise_is_kept() -> None:
    assert broken(evidence()) == set()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"requests": [BOUGHT, replace(BOUGHT, id="r2")]}, Broken.TWICE),
        ({"requests": [BOUGHT, replace(BOUGHT, id="r2", billed=0)]}, Broken.UNJOURNALED),
        ({"requests": [BOUGHT, Request("r2", "REFUSED", 0, None)]}, Broken.UNJOURNALED),
        ({"requests": [replace(BOUGHT, billed=59_999)]}, Broken.CREDITS),
        ({"attempts": [replace(KNOWN, state="unbilled", credits=0)]}, Broken.CREDITS),
        ({"attempts": [replace(KNOWN, request_id="r9")]}, Broken.CREDITS),
        ({"disk": {"a.glb": "half of it"}}, Broken.LOST),
        ({"disk": {"b.glb": "model1"}}, Broken.DISK),
        ({"rows": [{**DONE, "sha256": "model2"}]}, Broken.DISK),
        ({"rows": [{**DONE, "credits": 0.07}]}, Broken.FACE),
        ({"rows": [{**DONE, "status": "failed"}]}, Broken.FACE),
    ],
)
def test_each_promise_that_is_broken_is_found(changes: dict[str, Any], wanted: Broken) -> None:
    assert wanted in broken(evidence(**changes))


def test_a_bill_of_an_unknown_attempt_is_open_and_its_result_not_missed() -> None:
    bill = Request("r2", "COMPLETED", 50_000, "body2", "image2", models=frozenset({"model2"}))
    found = evidence(LOST, requests=[BOUGHT, bill], history=None)
    assert broken(found) == set()
    assert [(each.job, each.missing, each.tells) for each in left_open(found)] == [
        ("b", 50_000, Tells.NO_HISTORY)
    ]


def test_a_guessed_bill_is_open_by_what_the_books_have_more() -> None:
    bill = Request("r2", "COMPLETED", 50_000, "body2", "image2")
    guess = replace(LOST, state="billed", credits=65_000, credits_known=False)
    found = evidence(guess, requests=[BOUGHT, bill], history=None)
    assert [(each.state, each.missing) for each in left_open(found)] == [
        ("billed by guess", 50_000 - 65_000)
    ]


def test_a_received_result_that_the_history_links_to_is_told() -> None:
    found = evidence(standing={("a", "print1"): "received"}, rows=[], disk={})
    assert [(each.state, each.tells) for each in left_open(found)] == [
        ("received", Tells.COMPLETED)
    ]
    assert Broken.TOLD in broken(found)
    assert Broken.LOST not in broken(found)


IMAGE2 = Request("r2", "COMPLETED", 50_000, "body2", "image2")
SECOND = Told("r2", "COMPLETED", "mug", "image2")
BARE = replace(SECOND, image=None)
LATER = replace(KNOWN, sent_at=12)


@pytest.mark.parametrize(
    ("attempts", "history", "tells"),
    [
        ([KNOWN], [ROW, SECOND], Tells.COMPLETED),
        ([KNOWN], [ROW, replace(SECOND, status="PENDING")], Tells.UNFINISHED),
        ([KNOWN], [ROW, replace(SECOND, status="FAILED")], Tells.FAILED),
        # another submit of the body has no row: the failed one may be its
        (
            [KNOWN, replace(LOST, number=3, state="unbilled")],
            [ROW, replace(SECOND, status="FAILED")],
            Tells.MISSING_ROWS,
        ),
        ([KNOWN], [ROW], Tells.NOTHING_LATER),
        ([LATER], [ROW], Tells.ABSENT),
        ([LATER], [], Tells.NOTHING_LATER),
        ([LATER], [ROW, replace(SECOND, image="image3")], Tells.ABSENT),
        ([LATER], [ROW, replace(SECOND, parameters="jug")], Tells.ABSENT),
        ([KNOWN], [BARE], Tells.COMPLETED),
        ([KNOWN], [BARE, replace(BARE, request_id="r3")], Tells.ALIKE),
        ([KNOWN, replace(LOST, number=3, body="body3")], [BARE], Tells.ALIKE),
        # set aside first: a row that the ledger knows by its id
        ([LATER], [replace(BARE, request_id="r1")], Tells.ABSENT),
    ],
)
def test_what_the_history_tells_of_a_lost_answer(
    attempts: list[Attempt], history: list[Told], tells: Tells
) -> None:
    found = evidence(requests=[BOUGHT, IMAGE2], attempts=[*attempts, LOST], history=history)
    assert next(each.tells for each in left_open(found) if each.job == "b") == tells


def test_an_id_that_is_known_is_looked_up_by_it() -> None:
    accepted = replace(LOST, state="accepted", request_id="r2")
    assert left_open(evidence(accepted, history=[SECOND]))[0].tells == Tells.COMPLETED
    assert left_open(evidence(accepted))[0].tells == Tells.NO_ROW
