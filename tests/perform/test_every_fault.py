"""Every fault that the local API can have: what becomes of the job, and what was billed for it."""

from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, LocalApi, local_api, write_manifest

from pipeline.batch import Summary, job_rows, run
from pipeline.ledger import JobRow
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

FAST = ("--speed", "2000", "--workers", "16", "--credits", "50")


async def ran(
    folder: Path, service: LocalApi, version: str, jobs: int, **sections: Any
) -> tuple[Summary, list[JobRow]]:
    """Run one call at a time, so that the n-th submit is the n-th job's."""
    urls = {"credits_url": service.urls["credits_url"], **sections.pop("api", {})}
    limits = {"concurrency": 1, "attempts": 1, **sections.pop("limits", {})}
    manifest = load(write_manifest(folder, jobs, service.urls[version], api=urls, limits=limits))
    summary = await run(manifest, key=KEY)
    return summary, list(job_rows(manifest))


def billed_by_job(api: LocalApi) -> list[bool]:
    """Whether each submit was billed, in the order in which they came."""
    return [each["billed_micro"] > 0 for each in reversed(api.books()["requests"])]


# kind: state, kind of error, whether the service billed; one job each, in one run
BY_ONE: dict[str, tuple[str, str | None, bool]] = {
    "400": ("failed", "rejected", False),
    "406-parameter": ("failed", "rejected", False),
    "500": ("failed", "server_error", False),
    "503": ("failed", "server_error", False),
    "502-before": ("unknown", "gateway", False),
    "502-after": ("unknown", "gateway", True),
    "504-before": ("unknown", "gateway", False),
    "504-after": ("unknown", "gateway", True),
    "reset": ("unknown", "connection_broke", False),
    "drop-before": ("unknown", "connection_broke", False),
    "drop-after": ("unknown", "connection_broke", True),
    "huge-headers": ("unknown", "connection_broke", True),
    "cut": ("received", "body_lost", True),
    "cut-bare": ("received", "body_lost", True),
    "cut-gzip": ("received", "body_lost", True),
    "trickle": ("received", "body_lost", True),
    "html": ("received", "not_understood", True),
    "jpeg": ("received", "not_understood", True),
    "empty": ("received", "not_understood", True),
    "error-200": ("received", "not_understood", True),
    "unknown-json": ("received", "not_understood", True),
    "gzip-bomb=20": ("received", "not_understood", True),
    "failed": ("failed", "server_error", False),
}


async def test_v1_every_fault_of_a_submit_ends_as_the_money_rules_say(tmp_path: Path) -> None:
    # a good answer after each fault: three useless ones in a row would end the run
    faults = [part for n, kind in enumerate(BY_ONE) for part in ("--fault", f"{kind}#{2 * n + 1}")]
    with local_api(*FAST, *faults) as api:
        summary, rows = await ran(tmp_path, api, "v1", 2 * len(BY_ONE), api={"timeout": 3})
        billed = billed_by_job(api)
    ended = {
        kind: (row.status.value, row.error and row.error.kind, paid)
        for kind, row, paid in zip(BY_ONE, rows[::2], billed[::2], strict=True)
    }
    assert ended == BY_ONE
    assert {row.status.value for row in rows[1::2]} == {"succeeded"}
    assert summary.exit_code == 1
    for row, paid in zip(rows, billed, strict=True):
        # what the ledger counts was billed; what was billed is counted, or held as unknown
        assert paid or row.credits == 0
        assert row.credits > 0 or not paid or row.status == "unknown"


async def test_v1_a_rate_limit_of_either_kind_uses_no_try(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "429=0.2#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 1)
    assert (summary.exit_code, rows[0].attempts) == (0, 1)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("401", 5),
        ("401-described", 5),
        ("403", 5),
        ("404", 5),
        ("410", 5),
        ("307", 5),
        ("406-content-type", 5),
        ("406-credits", 3),
        ("406-spend-limit", 3),
    ],
)
async def test_what_is_wrong_with_the_whole_run_stops_it_and_leaves_the_job_as_it_was(
    tmp_path: Path, fault: str, code: int
) -> None:
    with local_api(*FAST, "--fault", f"{fault}#1") as api:
        summary, rows = await ran(tmp_path, api, "v1", 3)
        books = api.books()
    assert (summary.exit_code, books["submits"], books["spent_micro"]) == (code, 1, 0)
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


V2: dict[str, tuple[str, str | None, bool]] = {
    "500": ("failed", "server_error", False),
    "502-after": ("unknown", "gateway", True),
    "drop-before": ("unknown", "connection_broke", False),
    "drop-after": ("unknown", "connection_broke", True),
    "cut": ("unknown", "connection_broke", True),
    "cut-gzip": ("unknown", "connection_broke", True),
    "html": ("received", "not_understood", True),
    "failed": ("failed", "service_failed", False),
    "failed-billed": ("failed", "failed_billed", True),
}


async def test_v2_every_fault_of_a_submit_ends_as_the_money_rules_say(tmp_path: Path) -> None:
    faults = [part for n, kind in enumerate(V2) for part in ("--fault", f"{kind}#{2 * n + 1}")]
    with local_api(*FAST, *faults) as api:
        summary, rows = await ran(tmp_path, api, "v2", 2 * len(V2))
        billed = billed_by_job(api)
    ended = {
        kind: (row.status.value, row.error and row.error.kind, paid)
        for kind, row, paid in zip(V2, rows[::2], billed[::2], strict=True)
    }
    assert ended == V2
    assert {row.status.value for row in rows[1::2]} == {"succeeded"}
    assert summary.exit_code == 1


@pytest.mark.parametrize(
    "fault",
    [
        "poll-429=0.2#1",
        "poll-500#1,2",
        "poll-drop#1",
        "file-503#1",
        "file-cut#1",
        "file-html#1",
        "file-redirect=4#1",
        "file-slow=0.01#1",
        "balance-500#1,2",
        "balance-slow=1#1",
    ],
)
async def test_what_fails_for_a_while_and_is_free_is_asked_again(
    tmp_path: Path, fault: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        summary, rows = await ran(tmp_path, api, "v2", 1)
        books = api.books()
    assert (summary.exit_code, rows[0].status.value) == (0, "succeeded")
    assert (books["submits"], books["spent_micro"]) == (1, rows[0].credits)
    assert books["faults"][fault.partition("#")[0].partition("=")[0]] > 0


@pytest.mark.parametrize(
    ("fault", "state", "kind"),
    [
        ("poll-404:1", "unknown", "expired"),
        ("poll-401:1", "accepted", "unauthorized"),
        ("poll-500:1", "accepted", "timeout"),
        ("file-404:1", "received", "link_dead"),
        ("file-redirect=9:1", "received", "download_failed"),
    ],
)
async def test_what_does_not_come_home_is_left_to_the_next_run_and_not_bought_again(
    tmp_path: Path, fault: str, state: str, kind: str
) -> None:
    with local_api(*FAST, "--fault", fault) as api:
        first, rows = await ran(tmp_path, api, "v2", 1, api={"timeout": 3})
        again, _ = await ran(tmp_path, api, "v2", 1, api={"timeout": 3})
        submits = api.books()["submits"]
    assert (rows[0].status.value, rows[0].error and rows[0].error.kind) == (state, kind)
    assert submits == 1
    assert {first.exit_code, again.exit_code} <= {1, 5}


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
