"""What becomes of a job, by what the API answers: the table of the money rules, end to end."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, write_manifest
from scripted import BILL, GLB, Answer, Script, billed, cut, hang_up, reply, scripted, with_url

from pipeline.batch import Summary, job_rows, run
from pipeline.errors import UsageError
from pipeline.ledger import JobRow
from pipeline.manifest import load
from pipeline.model import Event, Status

pytestmark = pytest.mark.anyio

V1, V2 = "/v1/sam-3d-objects", "/v2/sam-3d-objects"
STATUS, RESULT = "/v2/requests/q1/status", "/v2/requests/q1"
CREDITS = "/v1/get-user-credits"
QUEUED = {"request_id": "q1", "status": "QUEUED"}
DONE = reply(200, {"status": "COMPLETED", "request_id": "q1", "metrics": {"inference_time": 13.06}})
TOO_LITTLE = {"error": "Insufficient credits: balance 0.01, needed 0.064"}
SOON = {
    "x_rate_limit_reset_at_utc": "2026-01-01T00:00:00.2Z",
    "date": "Thu, 01 Jan 2026 00:00:00 GMT",
}


@dataclass
class Ran:
    summary: Summary
    rows: list[JobRow]
    script: Script
    folder: Path
    events: list[Event] = field(default_factory=list)

    @property
    def first(self) -> JobRow:
        return self.rows[0]

    @property
    def kind(self) -> str | None:
        return None if self.first.error is None else self.first.error.kind


async def ran(
    folder: Path,
    answers: dict[str, list[Answer]],
    *,
    jobs: int = 1,
    times: int = 1,
    **sections: Any,
) -> Ran:
    """Run a manifest of small photos against a script, one call at a time."""
    path = V2 if V2 in answers else V1
    async with scripted(answers) as script:
        api = {"credits_url": script.url + CREDITS, **sections.pop("api", {})}
        limits = {"concurrency": 1, "attempts": 2, **sections.pop("limits", {})}
        url = script.url + path
        manifest = load(write_manifest(folder, jobs, url, api=api, limits=limits, **sections))
        events: list[Event] = []
        for _ in range(times):
            summary = await run(manifest, key=KEY, on_event=events.append)
        return Ran(summary, list(job_rows(manifest)), script, folder / "out", events)


CASES = [
    # answers to the submit; state, kind of error, tries, credits billed, exit code, submits
    pytest.param([billed(GLB)], "succeeded", None, 1, 64_100, 0, 1, id="a GLB"),
    pytest.param([reply(200, GLB)], "succeeded", None, 1, 65_000, 0, 1, id="a GLB, no cost told"),
    pytest.param([reply(400, {"error": "bad"})], "failed", "rejected", 1, 0, 1, 1, id="400"),
    pytest.param([reply(413, "")], "failed", "rejected", 1, 0, 1, 1, id="413"),
    pytest.param([reply(401, {"error": "no"})], "pending", "unauthorized", 0, 0, 5, 1, id="401"),
    pytest.param([reply(403, {"error": "no"})], "pending", "forbidden", 0, 0, 5, 1, id="403"),
    pytest.param([reply(404, {"error": "no"})], "pending", "not_found", 0, 0, 5, 1, id="404"),
    pytest.param(
        [reply(405, "<html>no</html>")], "pending", "method_not_allowed", 0, 0, 5, 1, id="405"
    ),
    pytest.param([reply(410, {"error": "gone"})], "pending", "gone", 0, 0, 5, 1, id="410"),
    pytest.param(
        [reply(307, location="http://127.0.0.1:1/")], "pending", "redirect", 0, 0, 5, 1, id="307"
    ),
    pytest.param(
        [reply(406, TOO_LITTLE)], "pending", "out_of_credits", 0, 0, 3, 1, id="406, no credits"
    ),
    pytest.param(
        [reply(406, {"error": "Your team's monthly spend limit of $50 is reached"})],
        "pending", "out_of_credits", 0, 0, 3, 1, id="406, spend limit",
    ),
    pytest.param(
        [reply(406, {"error": "Invalid content type"})],
        "pending", "content_type", 0, 0, 5, 1, id="406, content type",
    ),
    pytest.param(
        [reply(406, {"error": "seed must be at most 1000000"})],
        "failed", "rejected", 1, 0, 1, 1, id="406, a parameter",
    ),
    pytest.param(
        [reply(429, {"error": "slow down"}, **SOON), billed(GLB)],
        "succeeded", None, 1, 64_100, 0, 2, id="429 and then a GLB",
    ),
    pytest.param(
        [reply(500, {"error": "oops"}), billed(GLB)],
        "succeeded", None, 2, 64_100, 0, 2, id="500 and then a GLB",
    ),
    pytest.param([reply(500, "oops")], "failed", "server_error", 2, 0, 1, 2, id="500 for ever"),
    pytest.param([reply(503, "oops")], "failed", "server_error", 2, 0, 1, 2, id="503 for ever"),
    pytest.param([reply(502, "oops")], "unknown", "gateway", 1, 0, 1, 1, id="502"),
    pytest.param([reply(504, "oops")], "unknown", "gateway", 1, 0, 1, 1, id="504"),
    pytest.param([hang_up()], "unknown", "connection_broke", 1, 0, 1, 1, id="no answer"),
    pytest.param([cut(GLB, 40)], "received", "body_lost", 1, 64_100, 1, 1, id="a cut body"),
    pytest.param(
        [billed("<html>oops</html>")], "received", "not_understood", 1, 64_100, 1, 1, id="HTML"
    ),
    pytest.param(
        [billed(b"\xff\xd8\xff\xe0 a preview")],
        "received", "not_understood", 1, 64_100, 1, 1, id="a JPEG",
    ),
    pytest.param(
        [billed({"status": "Success", "error": "no object found"})],
        "received", "not_understood", 1, 64_100, 1, 1, id="an error in a 200",
    ),
    pytest.param([billed(b"")], "received", "not_understood", 1, 64_100, 1, 1, id="an empty body"),
    pytest.param([billed(GLB[:-4])], "failed", "bad_result", 1, 64_100, 1, 1, id="a short GLB"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "state", "kind", "tries", "credits", "code", "submits"), CASES)
async def test_a_job_ends_as_the_answer_means(
    tmp_path: Path,
    answers: list[Answer],
    state: str,
    kind: str | None,
    tries: int,
    credits: int,
    code: int,
    submits: int,
) -> None:
    # a list of answers is used up by a test, and the table is shared
    done = await ran(tmp_path, {V1: list(answers), CREDITS: [reply(200, {"credits": 9.0})]})
    assert (done.first.status, done.kind) == (state, kind)
    assert (done.first.attempts, done.first.credits) == (tries, credits)
    assert (done.summary.exit_code, done.script.submits) == (code, submits)


async def test_nothing_answers_and_the_job_fails_after_its_tries(tmp_path: Path) -> None:
    async with scripted({}) as script:
        url = script.url + V1
    manifest = load(write_manifest(tmp_path, 1, url, limits={"attempts": 2}))
    summary = await run(manifest, key=KEY)
    [row] = job_rows(manifest)
    assert (row.status, row.error and row.error.kind) == ("failed", "no_connection")
    assert (row.attempts, row.credits, summary.exit_code) == (2, 0, 1)


async def test_a_result_and_its_sidecar_stand_on_disk(tmp_path: Path) -> None:
    done = await ran(tmp_path, {V1: [billed(GLB)]}, api={"credits_url": None})
    assert (done.folder / "j000.glb").read_bytes() == GLB
    sidecar = json.loads((done.folder / "j000.json").read_text())
    assert sidecar["request_id"] == BILL["x-request-id"]
    assert sidecar["credits"] == 0.0641
    assert sidecar["job"]["image"] == "photos/p000.png"
    assert sidecar["files"][0]["sha256"] == done.first.files[0].sha256
    assert not [path for path in done.folder.iterdir() if path.name.endswith(".part")]


async def test_a_bad_result_is_kept_beside(tmp_path: Path) -> None:
    done = await ran(tmp_path, {V1: [billed(GLB[:-4])]})
    assert (done.folder / "j000.bad.glb").read_bytes() == GLB[:-4]
    assert not (done.folder / "j000.glb").exists()


async def test_an_answer_that_nobody_understands_is_kept_and_not_bought_again(
    tmp_path: Path,
) -> None:
    done = await ran(tmp_path, {V1: [billed("<html>oops</html>")]}, times=2)
    assert done.script.submits == 1
    assert done.first.status == "received"
    kept = done.folder / done.first.files[0].path
    assert kept.read_text() == "<html>oops</html>"


async def test_three_answers_in_a_row_that_nobody_understands_stop_the_run(tmp_path: Path) -> None:
    done = await ran(tmp_path, {V1: [billed("<html>oops</html>")]}, jobs=6)
    assert (done.summary.exit_code, done.script.submits) == (7, 3)


async def test_links_in_json_are_fetched_without_the_key(tmp_path: Path) -> None:
    def links(url: str) -> Answer:
        return billed({"status": "Success", "model_glb": f"{url}/files/a.glb?x=1"})

    done = await ran(tmp_path, {V1: [with_url(links)], "/files/a.glb": [reply(200, GLB)]})
    assert done.first.status == "succeeded"
    download = done.script.requests[-1]
    assert download.path == "/files/a.glb"
    assert "x-api-key" not in download.headers


def linked(url: str) -> Answer:
    return billed({"output": f"{url}/files/a.glb"})


async def test_a_link_that_fails_for_a_while_is_tried_again_free(tmp_path: Path) -> None:
    answers = {V1: [with_url(linked)], "/files/a.glb": [reply(503, "later"), reply(200, GLB)]}
    done = await ran(tmp_path, answers)
    assert done.first.status == "succeeded"
    assert (done.script.submits, done.first.credits) == (1, 64_100)
    assert not [path for path in done.folder.iterdir() if path.name.endswith(".part")]


async def test_a_link_that_is_not_there_yet_is_left_to_the_next_run(tmp_path: Path) -> None:
    answers = {V1: [with_url(linked)], "/files/a.glb": [reply(404, "none"), reply(200, GLB)]}
    done = await ran(tmp_path, answers, times=2)
    assert [event.error.kind for event in done.events if event.error] == ["link_dead"]
    assert (done.first.status, done.script.submits) == ("succeeded", 1)


async def test_a_cut_download_is_no_result(tmp_path: Path) -> None:
    answers = {V1: [with_url(linked)], "/files/a.glb": [cut(GLB, 40), reply(200, GLB)]}
    done = await ran(tmp_path, answers)
    assert (done.folder / "j000.glb").read_bytes() == GLB


async def test_a_v2_answer_that_nobody_understands_is_kept(tmp_path: Path) -> None:
    odd = reply(200, {"status": "COMPLETED", "shape": "unheard of", "metrics": {"cost": 0.05}})
    answers = {V2: [reply(200, QUEUED)], STATUS: [DONE], RESULT: [odd]}
    done = await ran(tmp_path, answers)
    assert (done.first.status, done.kind) == ("received", "not_understood")
    assert b"unheard of" in (done.folder / done.first.files[0].path).read_bytes()


async def test_v2_is_followed_from_its_id_to_its_bill(tmp_path: Path) -> None:
    def result(url: str) -> Answer:
        metrics = {"cost": 0.0641, "remaining_credits": 9.5}
        output = f"{url}/files/a.glb"
        return reply(200, {"status": "COMPLETED", "output": output, "metrics": metrics})

    answers = {
        V2: [reply(200, QUEUED)],
        STATUS: [reply(200, {"status": "PROCESSING", "request_id": "q1"}), DONE],
        RESULT: [with_url(result)],
        "/files/a.glb": [reply(200, GLB)],
    }
    done = await ran(tmp_path, answers)
    assert (done.first.status, done.first.credits) == ("succeeded", 64_100)
    assert done.first.request_id == "q1"
    assert done.script.submits == 1


@pytest.mark.parametrize(
    ("metrics", "state", "kind", "credits", "submits"),
    [
        ({}, "failed", "service_failed", 0, 2),
        ({"cost": 0}, "failed", "service_failed", 0, 2),
        ({"cost": 0.02}, "failed", "failed_billed", 20_000, 1),
    ],
)
async def test_v2_failures_are_tried_again_only_if_unbilled(
    tmp_path: Path,
    metrics: dict[str, float],
    state: str,
    kind: str,
    credits: int,
    submits: int,
) -> None:
    failure = {"status": "FAILED", "error": "no object", "metrics": metrics}
    done = await ran(tmp_path, {V2: [reply(200, QUEUED)], STATUS: [reply(422, failure)]})
    assert (done.first.status, done.kind) == (state, kind)
    assert (done.first.credits, done.script.submits) == (credits, submits)


async def test_a_v2_job_that_outlives_its_time_stays_accepted_and_is_polled_by_the_next_run(
    tmp_path: Path,
) -> None:
    running = {V2: [reply(200, QUEUED)], STATUS: [reply(200, QUEUED)]}
    first = await ran(tmp_path, running, api={"timeout": 0.5})
    assert (first.first.status, first.kind, first.summary.exit_code) == ("accepted", "timeout", 1)

    def result(url: str) -> Answer:
        return reply(200, {"status": "COMPLETED", "output": f"{url}/a.glb", "metrics": {"cost": 1}})

    done_by_now = {
        V2: [reply(500)], STATUS: [DONE], RESULT: [with_url(result)], "/a.glb": [reply(200, GLB)]
    }  # fmt: skip
    second = await ran(tmp_path, done_by_now)
    assert (second.first.status, second.first.credits) == ("succeeded", 1_000_000)
    assert second.script.submits == 0


async def test_a_v2_answer_that_breaks_off_is_asked_for_again_free(tmp_path: Path) -> None:
    answers = {V2: [reply(200, QUEUED)], STATUS: [DONE], RESULT: [cut(GLB, 50), reply(200, GLB)]}
    done = await ran(tmp_path, answers)
    assert (done.first.status, done.summary.exit_code) == ("succeeded", 0)
    assert done.script.submits == 1


async def test_a_v2_submit_whose_answer_is_cut_is_followed_by_the_id_in_its_header(
    tmp_path: Path,
) -> None:
    broken = cut(b'{"request_id":"q1","status":"QUEUED"}', 5)  # x-request-id: req-1
    answers = {
        V2: [broken],
        "/v2/requests/req-1/status": [DONE],
        "/v2/requests/req-1": [reply(200, GLB)],
    }
    done = await ran(tmp_path, answers, times=2)
    assert (done.first.status, done.first.request_id) == ("succeeded", "req-1")
    assert done.script.submits == 1


async def test_an_expired_v2_record_leaves_the_job_unknown(tmp_path: Path) -> None:
    gone = reply(404, {"error": "Request q1 not found"})
    answers = {V2: [reply(200, QUEUED)], STATUS: [gone]}
    done = await ran(tmp_path, answers, api={"timeout": 0.5})
    assert (done.first.status, done.kind) == ("unknown", "expired")
    assert done.script.submits == 1


async def test_poll_urls_of_another_host_are_not_asked(tmp_path: Path) -> None:
    elsewhere = "http://127.0.0.1:9/v2/requests/q1"
    queued = {**QUEUED, "status_url": f"{elsewhere}/status", "response_url": elsewhere}
    failure = reply(422, {"status": "FAILED", "metrics": {"cost": 0.01}})
    done = await ran(tmp_path, {V2: [reply(200, queued)], STATUS: [failure]})
    assert [request.path for request in done.script.requests if request.method == "GET"][-1] == (
        STATUS
    )


UNREADABLE = reply(406, {"error": "Not Acceptable"})


async def test_a_406_that_nobody_can_read_counts_as_credits_if_the_balance_is_too_low(
    tmp_path: Path,
) -> None:
    answers = {V1: [UNREADABLE], CREDITS: [reply(200, {"credits": 0.01})]}
    done = await ran(tmp_path, answers, jobs=3)
    assert (done.summary.exit_code, done.script.submits) == (3, 1)


async def test_a_406_that_nobody_can_read_fails_the_job_once_another_one_passes(
    tmp_path: Path,
) -> None:
    answers = {V1: [UNREADABLE, billed(GLB)], CREDITS: [reply(200, {"credits": 9.0})]}
    done = await ran(tmp_path, answers, jobs=3)
    assert [row.status for row in done.rows] == ["failed", "succeeded", "succeeded"]
    assert (done.summary.exit_code, done.script.submits) == (1, 3)


async def test_a_second_406_that_nobody_can_read_stops_the_run(tmp_path: Path) -> None:
    answers = {V1: [UNREADABLE], CREDITS: [reply(200, {"credits": 9.0})]}
    done = await ran(tmp_path, answers, jobs=5)
    assert (done.summary.exit_code, done.script.submits) == (3, 2)
    assert {row.status for row in done.rows} == {"pending"}
    assert {row.attempts for row in done.rows} == {0}


async def test_an_error_that_quotes_the_key_is_not_quoted(tmp_path: Path) -> None:
    done = await ran(tmp_path, {V1: [reply(400, {"error": f"bad key {KEY}"})]})
    assert done.first.error is not None
    assert done.first.error.message == "HTTP 400: bad key [key]"


async def test_a_429_holds_everyone_until_its_reset_by_the_answers_own_clock(
    tmp_path: Path,
) -> None:
    # the answer's clock is years behind: 0.2 s from its own Date count, and one more, because
    # a Date has whole seconds
    answers = {V1: [reply(429, {"error": "slow down"}, **SOON), billed(GLB)]}
    done = await ran(tmp_path, answers, jobs=2)
    holds = [event.seconds for event in done.events if event.name == "hold"]
    assert holds == [pytest.approx(1.2, abs=0.01)]
    assert done.summary.exit_code == 0


async def test_a_wrong_key_is_told_by_the_balance_before_anything_is_sent(tmp_path: Path) -> None:
    done = await ran(tmp_path, {V1: [billed(GLB)], CREDITS: [reply(401, {"error": "bad key"})]})
    assert (done.summary.exit_code, done.script.submits) == (5, 0)


async def test_a_reserve_without_a_readable_balance_stops_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    answers = {V1: [billed(GLB)], CREDITS: [reply(404, {"error": "none"})]}
    done = await ran(tmp_path, answers, budget={"reserve": 1})
    assert (done.summary.exit_code, done.script.submits) == (5, 0)


async def test_a_reserve_is_not_touched(tmp_path: Path) -> None:
    # 1.1 on the account, 0.065 a call: one call leaves 1.035, a second would leave 0.97
    def left(amount: str) -> Answer:
        return reply(200, GLB, x_cost="0.065", x_remaining_credits=amount)

    answers = {V1: [left("1.035"), left("0.97")], CREDITS: [reply(200, {"credits": 1.1})]}
    done = await ran(tmp_path, answers, jobs=3, budget={"reserve": 1})
    assert (done.summary.exit_code, done.script.submits) == (4, 1)


async def test_a_bill_that_only_the_body_tells_counts_against_the_budget(tmp_path: Path) -> None:
    # 0.065 is held, 0.5 is told by the body: the second call would pass a budget of 1
    answer = reply(200, {"output": "http://127.0.0.1:9/a.glb", "metrics": {"cost": 0.5}})
    done = await ran(tmp_path, {V1: [answer]}, jobs=5, budget={"credits": 1})
    assert (done.summary.exit_code, done.script.submits) == (4, 2)
    assert done.summary.money.spent == 1_000_000


async def test_a_folder_that_cannot_take_the_result_stops_the_run_before_it_is_bought(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "j000").write_text("in the way")
    output = {"path": "out", "name": "{id}/{id}"}
    done = await ran(tmp_path, {V1: [billed(GLB)]}, output=output)
    assert (done.summary.exit_code, done.script.submits) == (74, 0)


async def test_two_splats_in_one_answer_are_two_files(tmp_path: Path) -> None:
    def links(url: str) -> Answer:
        return billed({"model_glb": f"{url}/a.glb", "gaussian_splat": [f"{url}/a", f"{url}/b"]})

    answers = {
        V1: [with_url(links)],
        **{f"/{name}": [reply(200, GLB)] for name in ("a.glb", "a", "b")},
    }
    done = await ran(tmp_path, answers)
    assert [each.role for each in done.first.files] == ["result", "splat", "splat2"]


async def test_an_answer_that_was_odd_is_read_anew_and_its_kept_body_goes(tmp_path: Path) -> None:
    def links(url: str) -> Answer:
        return billed({"output": f"{url}/a"})

    answers = {V1: [with_url(links)], "/a": [reply(200, b"\x89PNG\r\n\x1a\n"), reply(200, GLB)]}
    done = await ran(tmp_path, answers, times=2)
    assert (done.first.status, done.script.submits) == ("succeeded", 1)
    assert done.first.files[0].path == "j000.glb"
    assert not list(done.folder.glob("*.answer.*"))


async def test_a_listener_that_cannot_write_loses_nothing(tmp_path: Path) -> None:
    def broken(_event: Event) -> None:
        raise BrokenPipeError

    async with scripted({V1: [billed(GLB)]}) as script:
        manifest = load(write_manifest(tmp_path, 3, script.url + V1))
        summary = await run(manifest, key=KEY, on_event=broken)
    assert (summary.exit_code, summary.jobs[Status.SUCCEEDED]) == (0, 3)


async def test_the_key_in_a_jobs_meta_is_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, 1)
    jobs = [{"id": "a", "image": "photos/p000.png", "meta": {"k": KEY}}]
    manifest = load(write_manifest(tmp_path, jobs, "http://127.0.0.1:9/v1/sam-3d-objects"))
    with pytest.raises(UsageError, match="the API key stands in the manifest"):
        await run(manifest, key=KEY)


async def test_a_users_own_json_beside_a_result_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "j000.json").write_text('{"mine": true}')
    done = await ran(tmp_path, {V1: [billed(GLB)]})
    assert json.loads((done.folder / "j000.json").read_text()) == {"mine": True}
    assert len(list(done.folder.glob("j000.????????.json"))) == 1
