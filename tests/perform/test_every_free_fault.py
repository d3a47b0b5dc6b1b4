"""Every fault that befalls a call which costs nothing, and what ends with time."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from catalogue import local_api
from perform.fault_runs import FAST, ending, on_disk, ran

from pipeline.emulator.faults import OTHERS

pytestmark = pytest.mark.anyio


PASSING = [
    "poll-429=0.2#1",
    "poll-500#1,2",
    "poll-drop#1",
    "poll-trickle=0.002#1",
    "poll-trickle=0.002#2",
    "file-503#1",
    "file-cut#1",
    "file-html#1",
    "file-redirect=4#1",
    "file-slow=0.01#1",
    "balance-500#1,2",
    "balance-slow=1#1",
    "balance-never#1",
]


@pytest.mark.parametrize("fault", PASSING)
async def test_what_fails_for_a_while_and_is_free_is_asked_again(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        summary, rows = await ran(tmp_path, api, "v2", 1)
        books = api.books()
    assert (summary.exit_code, rows[0].status.value) == (0, "succeeded")
    assert (books["submits"], books["spent_micro"]) == (1, rows[0].credits)
    assert books["faults"][fault.partition("#")[0].partition("=")[0]] > 0


LASTING = {
    "poll-404:1": ("unknown", "expired"),
    "poll-401:1": ("accepted", "unauthorized"),
    "poll-500:1": ("accepted", "timeout"),
    "file-404:1": ("received", "link_dead"),
    "file-redirect=9:1": ("received", "download_failed"),
}


@pytest.mark.parametrize("fault", LASTING)
async def test_what_does_not_come_home_is_left_to_the_next_run_and_not_bought_again(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        first, rows = await ran(tmp_path, api, "v2", 1, api={"timeout": 3})
        again, _ = await ran(tmp_path, api, "v2", 1, api={"timeout": 3})
        submits = api.books()["submits"]
    state, kind = LASTING[fault]
    assert ending(rows[0]) == (state, kind)
    # what is received has its answer kept, hidden, until the file that it names has come
    assert (submits, on_disk(tmp_path, rows[0])) == (1, [".part"] if state == "received" else [])
    assert {first.exit_code, again.exit_code} <= {1, 5}


async def test_polls_that_trickle_for_ever_leave_a_job_accepted(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "poll-trickle:1") as api:
        summary, rows = await ran(tmp_path, api, "v2", 1, api={"timeout": 3})
    assert (summary.exit_code, ending(rows[0])) == (1, ("accepted", "timeout"))


NEVER_READ = ["balance-never:1", "balance-500:1"]


@pytest.mark.parametrize("fault", NEVER_READ)
async def test_without_a_readable_balance_no_reserve_is_kept_and_nothing_is_bought(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        summary, rows = await ran(tmp_path, api, "v1", 2, budget={"reserve": 1})
        submits = api.books()["submits"]
    assert (summary.exit_code, submits) == (5, 0)
    assert [ending(row) for row in rows] == [("pending", None)] * 2


@pytest.mark.parametrize("fault", NEVER_READ)
async def test_where_no_reserve_is_asked_for_the_balance_may_stay_unread(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        summary, rows = await ran(tmp_path, api, "v1", 1)
    assert (summary.exit_code, ending(rows[0])) == (0, ("succeeded", None))


@pytest.mark.parametrize("budget", [{}, {"reserve": 1}])
async def test_a_balance_that_is_refused_stops_the_run(
    tmp_path: Path, budget: dict[str, Any]
) -> None:
    with local_api(*FAST, "--fault", "balance-401#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 1, budget=budget)
        submits = api.books()["submits"]
    assert (summary.exit_code, submits, ending(rows[0])) == (5, 0, ("pending", None))


async def test_a_balance_that_is_late_is_waited_for_and_its_reserve_kept(tmp_path: Path) -> None:
    options = ("--latency-spread", "0", "--fault", "balance-slow=1#1")
    budget = {"reserve": 49.88, "price": 0.0627}  # 50 - 49.88 pays one call of 0.0627, not two
    with local_api(*FAST, *options) as api:
        summary, rows = await ran(tmp_path, api, "v1", 3, budget=budget)
        spent = api.books()["spent_micro"]
    assert (summary.exit_code, spent) == (4, 62_700)
    assert [row.status.value for row in rows] == ["succeeded", "pending", "pending"]


@pytest.mark.parametrize(("version", "shape"), [("v1", "links"), ("v1", "url"), ("v2", "links")])
async def test_a_link_that_ended_before_its_download_ends_as_a_lost_result(
    tmp_path: Path, version: str, shape: str
) -> None:
    with local_api(*FAST, "--file-lifetime", "0", "--answer", shape) as api:
        first, waiting = await ran(tmp_path, api, version, 1)
        # the provider keeps files for seven days: until then a dead link may be its mistake
        age(tmp_path, days=8)
        later, lost = await ran(tmp_path, api, version, 1)
        books = api.books()
    assert (first.exit_code, ending(waiting[0])) == (1, ("received", "link_dead"))
    assert (later.exit_code, ending(lost[0])) == (1, ("failed", "lost_result"))
    assert (books["submits"], books["spent_micro"]) == (1, lost[0].credits)
    assert lost[0].credits > 0


def age(folder: Path, *, days: int) -> None:
    """Let the one call of the ledger be older, as if the run had been then."""
    with closing(sqlite3.connect(folder / "out" / "ledger.sqlite")) as ledger, ledger:
        [times] = ledger.execute("SELECT sent_at, settled_at FROM attempt")
        earlier = [datetime.fromisoformat(each) - timedelta(days=days) for each in times]
        values = [each.isoformat() for each in earlier]
        ledger.execute("UPDATE attempt SET sent_at = ?, settled_at = ?", values)


async def test_a_record_that_ended_leaves_a_job_unknown_and_it_is_not_bought_again(
    tmp_path: Path,
) -> None:
    with local_api(*FAST, "--record-lifetime", "0") as api:
        first, rows = await ran(tmp_path, api, "v2", 1, api={"timeout": 2})
        again, still = await ran(tmp_path, api, "v2", 1, api={"timeout": 2})
        books = api.books()
    assert (first.exit_code, again.exit_code, books["submits"]) == (1, 1, 1)
    assert [ending(row) for row in rows + still] == [("unknown", "expired")] * 2
    assert (books["spent_micro"] > 0, rows[0].credits) == (True, 0)


def test_no_fault_of_a_free_call_is_left_out() -> None:
    tried = [*PASSING, *LASTING, *NEVER_READ, "balance-401"]
    kinds = {text.partition("#")[0].partition(":")[0].partition("=")[0] for text in tried}
    # the history is asked by other tests: those of settling what is unknown
    assert kinds == {kind for kind in OTHERS if not kind.startswith("history-")}
