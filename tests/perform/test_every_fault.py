"""Every fault that befalls a submit: what becomes of the job, what was billed, what is on disk."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from catalogue import local_api
from perform.fault_runs import FAST, billed_by_job, ending, on_disk, ran

from pipeline.emulator.faults import FAILURES, HANG_UPS, REFUSALS, SPOILT
from pipeline.manifest import load
from pipeline.model import Event, Status

pytestmark = pytest.mark.anyio

End = tuple[str, str | None]
REJECTED: End = ("failed", "rejected")
SERVER_ERROR: End = ("failed", "server_error")
GATEWAY: End = ("unknown", "gateway")
LOST: End = ("unknown", "connection_broke")
BODY_LOST: End = ("received", "body_lost")
KEPT: End = ("received", "not_understood")
FAILED_BILLED: End = ("failed", "failed_billed")

# kind: whether the service billed; how the job ends by v1, and by v2
BY_ONE: dict[str, tuple[bool, End, End]] = {
    "400": (False, REJECTED, REJECTED),
    "406-parameter": (False, REJECTED, REJECTED),
    "500": (False, SERVER_ERROR, SERVER_ERROR),
    "503": (False, SERVER_ERROR, SERVER_ERROR),
    "502-before": (False, GATEWAY, GATEWAY),
    "502-after": (True, GATEWAY, GATEWAY),
    "504-before": (False, GATEWAY, GATEWAY),
    "504-after": (True, GATEWAY, GATEWAY),
    "reset": (False, LOST, LOST),
    "drop-before": (False, LOST, LOST),
    "drop-after": (True, LOST, LOST),
    "huge-headers": (True, LOST, LOST),
    "huge-headers=8200": (True, LOST, LOST),
    "cut": (True, BODY_LOST, LOST),
    "cut-bare": (True, BODY_LOST, LOST),
    "cut-gzip": (True, BODY_LOST, LOST),
    "trickle": (True, BODY_LOST, LOST),
    "html": (True, KEPT, KEPT),
    "jpeg": (True, KEPT, KEPT),
    "empty": (True, KEPT, KEPT),
    "error-200": (True, KEPT, KEPT),
    "unknown-json": (True, KEPT, KEPT),
    "gzip-bomb=20": (True, KEPT, KEPT),
    "failed": (False, SERVER_ERROR, ("failed", "service_failed")),
    "failed-billed": (True, FAILED_BILLED, FAILED_BILLED),
}


def struck(kinds: Sequence[str]) -> list[str]:
    """A good answer after each fault: three useless ones in a row would end the run."""
    return [part for n, kind in enumerate(kinds) for part in ("--fault", f"{kind}#{2 * n + 1}")]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_every_fault_of_a_submit_ends_as_the_money_rules_say(
    tmp_path: Path, version: str
) -> None:
    with local_api(*FAST, *struck(list(BY_ONE))) as api:
        summary, rows = await ran(tmp_path, api, version, 2 * len(BY_ONE), api={"timeout": 3})
        billed = billed_by_job(api)
    which = ("v1", "v2").index(version)
    ended = zip(BY_ONE, map(ending, rows[::2]), billed[::2], strict=True)
    assert {kind: (paid, end) for kind, end, paid in ended} == {
        kind: (paid, ends[which]) for kind, (paid, *ends) in BY_ONE.items()
    }
    assert {row.status.value for row in rows[1::2]} == {"succeeded"}
    assert summary.exit_code == 1
    for row, paid in zip(rows, billed, strict=True):
        # what the ledger counts was billed; what was billed is counted, or held as unknown
        assert paid or row.credits == 0
        assert row.credits > 0 or not paid or row.status == "unknown"
        # a result with its sidecar, the answer that nobody understands, or nothing at all
        files = {"succeeded": [".glb", ".json"], "received": [".bin"][: ending(row) == KEPT]}
        assert on_disk(tmp_path, row) == files.get(row.status.value, [])


@pytest.mark.parametrize("offset", ["0", "7200", "-7200"])
async def test_a_rate_limit_uses_no_try_whatever_the_clocks_say(
    tmp_path: Path, offset: str
) -> None:
    waits: list[float] = []

    def hear(event: Event) -> None:
        if event.name == "hold":
            waits.append(event.seconds)

    with local_api(*FAST, "--clock-offset", offset, "--fault", "429=3#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 1, on_event=hear)
    assert (summary.exit_code, rows[0].attempts) == (0, 1)
    # a reset that has passed is waited for a second, one in two hours is capped at an hour; this
    # one is 3 s away, and both its texts may have lost a second
    assert [1 < seconds <= 3 + 2 for seconds in waits] == [True]


async def test_a_rate_limit_that_tells_no_reset_is_waited_for_too(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "429-bare#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 1)
    assert (summary.exit_code, rows[0].attempts) == (0, 1)


STOPS = {
    "401": 5,
    "401-described": 5,
    "403": 5,
    "404": 5,
    "410": 5,
    "307": 5,
    "406-content-type": 5,
    "406-credits": 3,
    "406-spend-limit": 3,
}


@pytest.mark.parametrize("fault", STOPS)
async def test_what_is_wrong_with_the_whole_run_stops_it_and_leaves_the_job_as_it_was(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", f"{fault}#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 3)
        books = api.books()
    assert (summary.exit_code, books["submits"], books["spent_micro"]) == (STOPS[fault], 1, 0)
    assert [(row.status.value, row.attempts) for row in rows] == [("pending", 0)] * 3


async def test_an_unreadable_406_fails_its_job_and_a_second_one_stops_the_run(
    tmp_path: Path,
) -> None:
    with local_api(*FAST, "--fault", "406-unreadable#1,4,5") as api:
        summary, rows = await ran(tmp_path, api, "v1", 7)
        submits = api.books()["submits"]
    states = [row.status.value for row in rows]
    assert states == ["failed", "succeeded", "succeeded", *["pending"] * 4]
    assert (summary.exit_code, submits) == (3, 5)


async def test_the_body_whose_coming_convicts_another_job_is_journaled_first(
    tmp_path: Path,
) -> None:
    seen: list[list[tuple[str, str]]] = []

    def look(event: Event) -> None:
        if event.status is Status.FAILED:
            ledger = load(tmp_path / "catalogue.yaml").ledger_path
            with closing(sqlite3.connect(ledger)) as db:
                seen.append(db.execute("SELECT id, role FROM file").fetchall())

    with local_api(*FAST, "--fault", "406-unreadable#1") as api:
        await ran(tmp_path, api, "v1", 2, on_event=look)
    assert seen == [[("j001", "answer")]]


SHAPES = [
    "glb", "gzip", "ply", "ply-ascii", "zip", "url", "base64", "base64-json", "links", "several",
    "artifacts", "output-link", "output-list", "output-object", "output-json-string",
]  # fmt: skip


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_every_shape_of_answer_becomes_a_result(tmp_path: Path, version: str) -> None:
    answers = [part for shape in SHAPES for part in ("--answer", shape)]
    with local_api(*FAST, *answers) as api:
        summary, rows = await ran(tmp_path, api, version, len(SHAPES))
        books = api.books()
    ended = dict(zip(SHAPES, [row.status.value for row in rows], strict=True))
    assert ended == dict.fromkeys(SHAPES, "succeeded")
    assert summary.exit_code == 0
    assert sum(row.credits for row in rows) == books["spent_micro"]
    assert len(dict(zip(SHAPES, rows, strict=True))["several"].files) > 1


async def test_a_service_that_is_down_for_a_while_loses_no_job(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "down=1#2") as api:
        _, rows = await ran(tmp_path, api, "v1", 4, limits={"attempts": 8})
        billed = billed_by_job(api)
    # the call that met the end of the connection is unknown; the others waited it out
    assert [row.status.value for row in rows] == ["succeeded", "unknown", "succeeded", "succeeded"]
    assert sum(billed) == 3


def test_no_fault_of_a_submit_is_left_out() -> None:
    tried = {kind.partition("=")[0] for kind in BY_ONE} | set(STOPS)
    tried |= {"429", "429-bare", "406-unreadable", "down"}
    assert tried == {*REFUSALS, *HANG_UPS, *SPOILT, *FAILURES}
