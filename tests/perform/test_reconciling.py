"""What becomes of lost answers, by what the provider's history shows: over real sockets."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from catalogue import KEY, photo, write_manifest
from scripted import GLB, Answer, Script, billed, hang_up, reply, scripted, with_url

from pipeline.batch import Summary, job_rows, resolve, run
from pipeline.errors import UsageError
from pipeline.ledger import JobRow
from pipeline.manifest import load

if TYPE_CHECKING:
    from pipeline.model import Event

pytestmark = pytest.mark.anyio

V1, V2, HISTORY = "/v1/sam-3d-objects", "/v2/sam-3d-objects", "/history"
NOW = "2999-01-01T00:00:00Z"
EMPTY = reply(200, {"results": []})
DONE = reply(200, {"status": "COMPLETED", "request_id": "q1"})


def row(**fields: Any) -> dict[str, Any]:
    """A request of the first photo as a history may show it, without a time."""
    sent = {"seed": 123, "image": base64.b64encode(photo(0)).decode()}
    return {
        "request_id": "r1",
        "model_status": "COMPLETED",
        "credits_deduction": 0.0641,
        "request_body": sent,
        **fields,
    }


def shows(*rows: dict[str, Any]) -> list[Answer]:
    """One page with these, and none behind it; links lead to this server."""

    def page(url: str) -> Answer:
        text = json.dumps({"data": {"items": rows, "errors": []}}).replace("HOST", url)
        return reply(200, text)

    return [with_url(page), EMPTY]


class Ran:
    def __init__(self, folder: Path, script: Script, path: str, jobs: int, **sections: Any) -> None:
        api = {"history_url": script.url + HISTORY, "timeout": 2}
        limits = {"concurrency": 1, "attempts": 2}
        url = script.url + path
        self.manifest = load(write_manifest(folder, jobs, url, api=api, limits=limits, **sections))
        self.script = script
        self.events: list[Event] = []

    async def again(self) -> Summary:
        return await run(self.manifest, key=KEY, on_event=self.events.append)

    @property
    def rows(self) -> list[JobRow]:
        return list(job_rows(self.manifest))

    @property
    def first(self) -> JobRow:
        return self.rows[0]


async def test_all_files_of_a_request_with_a_row_for_each_come_home(tmp_path: Path) -> None:
    urls = [f"HOST/{name}" for name in ("a.glb", "b.glb", "c.glb", "d.glb")]
    answers: dict[str, list[Answer]] = {V1: [hang_up()], HISTORY: [EMPTY]}
    answers |= {f"/{name}.glb": [reply(200, GLB)] for name in "abcd"}
    async with scripted(answers) as script:
        ran = Ran(tmp_path, script, V1, 1)
        assert (await ran.again()).exit_code == 1
        answers[HISTORY][:] = shows(*(row(generation_url=url) for url in urls))
        assert (await ran.again()).exit_code == 0
    roles = ["result", "part2", "part3", "part4"]
    assert sorted(each.role for each in ran.first.files) == sorted(roles)
    assert (ran.first.status, ran.first.credits, script.submits) == ("succeeded", 64_100, 1)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(reply(200, {"message": "no list"}), id="no list"),
        pytest.param(reply(200, {"results": [{"prompt": "mug"}, row()]}), id="a row without an id"),
        pytest.param(reply(500), id="500"),
        pytest.param(reply(200, "<html></html>"), id="HTML"),
        pytest.param(reply(200, {"results": [row(request_body={})]}), id="the same page for ever"),
    ],
)
async def test_a_history_that_cannot_be_read_whole_settles_nothing(
    tmp_path: Path, page: Answer
) -> None:
    async with scripted({V1: [hang_up()], HISTORY: [page]}) as script:
        ran = Ran(tmp_path, script, V1, 1, reconcile={"settle": 0})
        for _ in range(2):
            assert (await ran.again()).exit_code == 1
        assert (ran.first.status, script.submits) == ("unknown", 1)


async def test_an_unknown_v2_request_stays_unknown_whatever_its_polls_are_refused_with(
    tmp_path: Path,
) -> None:
    gone = reply(404, {"error": "not found"})
    status = "/v2/requests/q1/status"
    answers: dict[str, list[Answer]] = {
        V2: [reply(200, {"request_id": "q1", "status": "QUEUED"})],
        status: [gone],
        HISTORY: [EMPTY],
        f"{HISTORY}/q1": [reply(500)],
    }
    async with scripted(answers) as script:
        ran = Ran(tmp_path, script, V2, 1)
        for refusal in (gone, reply(410, "gone"), reply(503), gone):
            answers[status][:] = [refusal]
            assert (await ran.again()).exit_code == 1
            assert ran.first.status in {"accepted", "unknown"}
        found = [row(request_id="q1", generation_url="HOST/a.glb")]
        answers[f"{HISTORY}/q1"][:] = shows(*found)[:1]
        answers["/a.glb"] = [reply(200, GLB)]
        assert (await ran.again()).exit_code == 0
    assert (ran.first.status, script.submits) == ("succeeded", 1)


async def test_a_row_under_an_attempts_own_id_is_taken_from_the_list_too(tmp_path: Path) -> None:
    answers: dict[str, list[Answer]] = {
        V2: [reply(200, {"request_id": "q1", "status": "QUEUED"})],
        "/v2/requests/q1/status": [reply(404, {"error": "not found"})],
        HISTORY: shows(row(request_id="q1", generation_url="HOST/a.glb")),
        "/a.glb": [reply(200, GLB)],
    }
    async with scripted(answers) as script:
        ran = Ran(tmp_path, script, V2, 1)
        assert (await ran.again()).exit_code == 0
    assert (ran.first.status, script.submits) == ("succeeded", 1)


async def test_a_resent_job_takes_its_first_result_if_that_shows_before_it_is_sent(
    tmp_path: Path,
) -> None:
    answers: dict[str, list[Answer]] = {
        V1: [hang_up(), billed(GLB)],
        HISTORY: [EMPTY],
        "/a.glb": [reply(200, GLB)],
    }
    async with scripted(answers) as script:
        ran = Ran(tmp_path, script, V1, 1)
        await ran.again()
        told = await resolve(ran.manifest, key=KEY, on_event=ran.events.append, resent=["j000"])
        assert told.resent == ("j000",)
        answers[HISTORY][:] = shows(row(generation_url="HOST/a.glb"))
        assert (await ran.again()).exit_code == 0
    assert (ran.first.status, ran.first.credits, script.submits) == ("succeeded", 64_100, 1)


async def test_a_resent_attempt_that_nobody_finds_can_be_written_off(tmp_path: Path) -> None:
    async with scripted({V1: [hang_up(), billed(GLB)], HISTORY: [EMPTY]}) as script:
        ran = Ran(tmp_path, script, V1, 1)
        await ran.again()
        listen = ran.events.append
        await resolve(ran.manifest, key=KEY, on_event=listen, resent=["j000"])
        assert (await ran.again()).exit_code == 0
        with pytest.raises(UsageError, match="not among the unknown jobs: j000"):
            await resolve(ran.manifest, key=KEY, on_event=listen, resent=["j000"])
        done = await resolve(ran.manifest, key=KEY, on_event=listen, written_off=["j000"])
        assert done.left == ()
    # 65,000 for the call that was given up, 64,100 for the one that succeeded
    assert (ran.first.status, ran.first.credits) == ("succeeded", 129_100)


async def test_the_key_in_a_row_stays_out_of_the_ledger(tmp_path: Path) -> None:
    failed = row(model_status="FAILED", credits_deduction=0.01, error=f"bad key {KEY}")
    async with scripted({V1: [hang_up()], HISTORY: shows(failed)}) as script:
        ran = Ran(tmp_path, script, V1, 1)
        await ran.again()
    assert ran.first.status == "failed"
    assert ran.first.error is not None
    assert "bad key [key]" in ran.first.error.message
    assert KEY.encode() not in (tmp_path / "out" / "ledger.sqlite").read_bytes()
