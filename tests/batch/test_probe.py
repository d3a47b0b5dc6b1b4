"""One call with a transcript that can be shown, and played to the client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, catalog3d, local_api, photo, rows, write_manifest
from scripted import GLB, billed, reply, scripted, with_url

from pipeline.api.answer import Answer
from pipeline.api.classify import Means
from pipeline.api.client import Client
from pipeline.api.endpoint import Endpoint
from pipeline.api.transport import Request
from pipeline.api.upload import FileUpload
from pipeline.batch import Probed, probe
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"


async def probed(folder: Path, answer: Any) -> Probed:
    async with scripted({V1: [answer], "/files/secret-name.glb": [reply(200, GLB)]}) as script:
        manifest = load(write_manifest(folder, 2, script.url + V1))
        written: list[dict[str, Any]] = []
        done = await probe(manifest, "j001", key=KEY, on_event=lambda _: None, write=written.append)
        assert written == [done.transcript]
        assert script.submits == 1
        return done


async def test_a_probe_buys_the_one_job_and_no_other(tmp_path: Path) -> None:
    done = await probed(tmp_path, billed(GLB))
    assert done.sent
    assert done.row.status == "succeeded"
    assert {status: count for status, count in done.summary.jobs.items() if count} == {
        "succeeded": 1,
        "pending": 1,
    }


async def test_a_transcript_tells_shapes_and_sizes_but_no_key_no_picture_no_link(
    tmp_path: Path,
) -> None:
    def links(url: str) -> Any:
        echo = {"output": f"{url}/files/secret-name.glb?token=abc", "you": KEY}
        return billed(echo)

    text = json.dumps((await probed(tmp_path, with_url(links))).transcript)
    assert KEY not in text
    assert "secret-name" not in text
    assert "token" not in text
    assert photo(1).hex() not in text
    exchanges = json.loads(text)["exchanges"]
    submit = exchanges[0]
    assert submit["request"]["fields"]["seed"] == 123
    assert submit["request"]["fields"]["image"].endswith("characters>")
    assert submit["answer"]["headers"]["x-cost"] == "0.0641"
    assert submit["answer"]["body"]["json"]["output"].endswith("/….glb")
    download = exchanges[1]
    assert download["answer"]["body"]["head"] == GLB[:16].hex()
    assert download["answer"]["body"]["bytes"] == len(GLB)


class Replay:
    """A transport that answers what a transcript says."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self._left = list(exchanges)

    @asynccontextmanager
    async def send(self, _request: Request) -> AsyncIterator[Answer]:
        told = self._left.pop(0)["answer"]
        body = told["body"]
        data = json.dumps(body["json"]).encode() if "json" in body else bytes.fromhex(body["head"])

        async def pieces() -> AsyncIterator[bytes]:
            yield data

        yield Answer(told["status"], told["headers"], pieces())


async def test_a_transcript_can_be_played_to_the_client(tmp_path: Path) -> None:
    transcript = (await probed(tmp_path, billed({"status": "Success", "odd": 1}))).transcript
    read = json.loads(json.dumps(transcript))
    client = Client(Replay(read["exchanges"]), Endpoint("http://x/v1/m", "v1", KEY, 5), no_sleep)
    async with client.submit(FileUpload(BytesIO(b"{}"), 2)) as answer:
        meaning = await client.understand(answer)
        assert meaning.means is Means.RECEIVED
        assert meaning.receipt.credits == 64_100
        assert json.loads(await answer.head(1000)) == {"status": "Success", "odd": 1}


async def no_sleep(_seconds: float) -> None:
    raise AssertionError


def test_the_command_says_what_it_costs_and_writes_a_file(tmp_path: Path) -> None:
    with local_api("--speed", "500") as api:
        manifest = write_manifest(tmp_path, 2, api.urls["v2"])
        done = catalog3d("probe", manifest, "--only", "j000")
        again = catalog3d("probe", manifest, "--only", "j000")
        submits = api.books()["submits"]
    assert done.returncode == 0, done.stderr
    assert "this buys one call, for about 0.0650 credits" in done.stderr
    transcript = json.loads((tmp_path / "out" / "probe-j000.json").read_text())
    assert transcript["exchanges"][0]["answer"]["status"] == 200
    assert rows(manifest)["j001"]["status"] == "pending"
    assert again.returncode == 1
    assert "nothing was sent" in again.stderr
    assert submits == 1


@pytest.mark.parametrize(
    "said",
    [
        f"{KEY} invalid",
        "<p>" + 187 * "x" + KEY,
        f"<p>{KEY.replace('_', '&#95;')}</p>",
        "https://user:pw@h/x/TOKENTOKEN.glb?a=b",
        "//storage.h/TOKENTOKEN/a.glb",
        "assets/TOKENTOKEN.glb",
        "https://h/v1/files/TOKENTOKEN",
    ],
)
async def test_what_an_answer_says_is_told_without_what_opens_anything(
    tmp_path: Path, said: str
) -> None:
    for answer in (reply(500, said), reply(500, {"error": said, "nested": [said]})):
        text = json.dumps((await probed(tmp_path, answer)).transcript["exchanges"])
        assert "TOKENTOKEN" not in text
        assert "SG_0" not in text
        assert KEY.encode().hex()[:12] not in text
        (tmp_path / "out" / "ledger.sqlite").unlink()


async def test_a_text_that_is_hard_on_patterns_is_told_quickly(tmp_path: Path) -> None:
    done = await probed(tmp_path, reply(500, "a?" * 30_000))
    assert done.row.status == "failed"
