"""Every shape of answer that is documented or plausible: what is stored, and under which role."""

import base64
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, write_manifest
from ply_builder import mesh, splat
from scripted import GLB, Answer, billed, reply, scripted, with_url

from pipeline.batch import job_rows, run
from pipeline.ledger import JobRow
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"
SPLAT = splat(3)
PNG = b"\x89PNG\r\n\x1a\n preview"
TEXT = base64.b64encode(GLB)


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return data.getvalue()


ZIP = zipped(mask_png=PNG, model_glb=GLB)
FILES: dict[str, list[Answer]] = {
    "/a.glb": [reply(200, GLB)],
    "/b.glb": [reply(200, GLB + b"")],
    "/a.ply": [reply(200, SPLAT)],
    "/a.zip": [reply(200, zipped(mask_png=PNG))],
    "/model.zip": [reply(200, ZIP)],
    "/a.png": [reply(200, PNG)],
    "/page": [reply(200, "<html>expired</html>")],
}


async def collected(folder: Path, answer: Answer) -> JobRow:
    async with scripted({V1: [answer], **FILES}) as script:
        manifest = load(write_manifest(folder, 1, script.url + V1))
        await run(manifest, key=KEY)
        assert script.submits == 1
    [row] = job_rows(manifest)
    return row


def stored(folder: Path) -> set[str]:
    """What stands in the output folder beside the ledger."""
    names = {path.name for path in (folder / "out").iterdir()}
    return {name for name in names if not name.startswith("ledger.")}


def linking(make: Any) -> Answer:
    """Answer with JSON in which `make` puts this server's URL."""
    return with_url(lambda url: billed(json.dumps(make(url))))


@pytest.mark.parametrize(
    ("answer", "files"),
    [
        pytest.param(billed(GLB), {"result": "j000.glb"}, id="GLB"),
        pytest.param(
            reply(200, GLB, content_type="image/jpeg"), {"result": "j000.glb"}, id="GLB as JPEG"
        ),
        pytest.param(billed(SPLAT), {"result": "j000.ply"}, id="splat PLY"),
        pytest.param(billed(mesh("binary_little_endian")), {"result": "j000.ply"}, id="mesh PLY"),
        pytest.param(
            billed(ZIP), {"result": "j000.glb", "artifacts": "j000.artifacts.zip"}, id="ZIP"
        ),
        pytest.param(
            billed(zipped(a_ply=SPLAT, b_png=PNG)),
            {"result": "j000.ply", "artifacts": "j000.artifacts.zip"},
            id="ZIP with a PLY",
        ),
        pytest.param(billed(TEXT), {"result": "j000.glb"}, id="base64"),
        pytest.param(
            billed(b"data:model/gltf-binary;base64," + TEXT), {"result": "j000.glb"}, id="data URI"
        ),
        pytest.param(billed(json.dumps(TEXT.decode())), {"result": "j000.glb"}, id="JSON string"),
        pytest.param(
            billed({"output": TEXT.decode(), "status": "ok"}), {"result": "j000.glb"}, id="in JSON"
        ),
        pytest.param(billed(gzip.compress(GLB)), {"result": "j000.glb"}, id="gzip"),
        pytest.param(
            reply(200, gzip.compress(GLB), content_encoding="gzip"),
            {"result": "j000.glb"},
            id="gzip, as its encoding says",
        ),
        pytest.param(linking(lambda url: f"{url}/a.glb"), {"result": "j000.glb"}, id="a link"),
        pytest.param(
            with_url(lambda url: billed(f"{url}/a.glb\n")), {"result": "j000.glb"}, id="bare link"
        ),
        pytest.param(
            linking(lambda url: {"output": f"{url}/a.glb"}), {"result": "j000.glb"}, id="output"
        ),
        pytest.param(
            linking(lambda url: {"output": [f"{url}/a.glb", f"{url}/b.glb"]}),
            {"result": "j000.glb", "part2": "j000.part2.glb"},
            id="output, a list",
        ),
        pytest.param(
            linking(lambda url: {"output": json.dumps({"model_glb": f"{url}/a.glb"})}),
            {"result": "j000.glb"},
            id="output, JSON in a string",
        ),
        pytest.param(
            linking(
                lambda url: {
                    "status": "Success",
                    "gaussian_splat": f"{url}/a.ply",
                    "model_glb": f"{url}/a.glb",
                    "individual_meshes": [{"url": f"{url}/b.glb", "file_name": "b.glb"}],
                    "artifacts_zip": f"{url}/a.zip",
                    "error": None,
                }
            ),
            {
                "result": "j000.glb",
                "splat": "j000.splat.ply",
                "part2": "j000.part2.glb",
                "artifacts": "j000.artifacts.zip",
            },
            id="the page of third parties",
        ),
        pytest.param(
            linking(lambda url: {"output": f"{url}/a.png", "model_glb": f"{url}/a.glb"}),
            {"result": "j000.glb", "part2": "j000.part2.bad.png"},
            id="a preview beside",
        ),
        pytest.param(
            linking(lambda url: {"gaussian_splat": f"{url}/a.ply"}),
            {"result": "j000.ply"},
            id="only a splat",
        ),
        pytest.param(
            linking(lambda url: {"url": f"{url}/model.zip"}),
            {"result": "j000.glb", "artifacts": "j000.artifacts.zip"},
            id="a link to a ZIP",
        ),
    ],
)
async def test_every_file_of_an_answer_is_stored_with_its_role(
    tmp_path: Path, answer: Answer, files: dict[str, str]
) -> None:
    row = await collected(tmp_path, answer)
    assert row.error is None
    assert {each.role: each.path for each in row.files} == files
    assert row.files[0].role == "result"
    assert stored(tmp_path) == {*files.values(), "j000.json"}
    sidecar = json.loads((tmp_path / "out" / "j000.json").read_text())
    assert {each["role"]: each["path"] for each in sidecar["files"]} == files


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (billed("<html>oops</html>"), "HTML, not a model"),
        (billed(b"\xff\xd8\xff\xe0 preview"), "JPEG, not a model"),
        (billed(PNG), "PNG, not a model"),
        (billed(b""), "an empty body"),
        (billed(b"\x00\x01\x02"), "neither a model nor JSON"),
        (billed({"status": "Success", "error": "no object found"}), "no object found"),
        (billed({"something": "new"}), "JSON without a model or a link to one"),
        (billed(b'{"output": '), "JSON without a model"),
        (billed(zipped(mask_png=PNG)), "a ZIP without a model"),
        (billed(zipped(a_glb=GLB, b_glb=GLB)), "a ZIP with 2 GLB files, not one"),
        (billed(ZIP[:-30]), "a ZIP that cannot be opened"),
        (billed(TEXT[:-5] + b"!!!!!"), "base64 text is broken"),
        (billed(gzip.compress(GLB)[:-20]), "the gzip stream is cut"),
        (billed(gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(GLB)))))),
         "wrapped too often"),
        (linking(lambda url: {"output": f"{url}/a.png"}), "no model, but png"),
    ],
)  # fmt: skip
async def test_what_nobody_understands_is_kept_whole(
    tmp_path: Path, answer: Answer, what: str
) -> None:
    row = await collected(tmp_path, answer)
    assert row.status == "received"
    assert row.error is not None
    assert row.error.kind == "not_understood"
    assert what in row.error.message
    assert row.files[0].role == "raw"
    assert stored(tmp_path) == {each.path for each in row.files}


async def test_one_broken_text_does_not_hold_the_other_models_back(tmp_path: Path) -> None:
    text = TEXT.decode()
    answer = {"model_glb": text, "individual_meshes": [{"url": text[:-9] + "!!!!"}]}
    row = await collected(tmp_path, billed(answer))
    assert (row.status, [each.role for each in row.files]) == ("succeeded", ["result"])
    assert stored(tmp_path) == {"j000.glb", "j000.json"}


async def test_a_page_where_the_file_should_be_is_asked_for_again_later(tmp_path: Path) -> None:
    row = await collected(tmp_path, linking(lambda url: {"output": f"{url}/page"}))
    assert row.status == "received"
    assert row.error is not None
    assert row.error.kind == "download_failed"


async def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = zipped(model_glb=GLB + bytes(200 << 20))
    assert len(bomb) < 1 << 20
    row = await collected(tmp_path, billed(bomb))
    assert row.error is not None
    assert row.error.kind == "not_understood"


async def test_no_other_host_ever_sees_the_key(tmp_path: Path) -> None:
    # the API links to a host of files, which redirects; v2 names a host of its own to be asked at
    async with scripted(FILES) as files, scripted({}) as polls:
        moved = reply(302, location=f"{files.url}/a.glb")
        files.answers["/moved"] = [moved]
        queued = {
            "request_id": "q1",
            "status": "QUEUED",
            "status_url": f"{polls.url}/v2/requests/q1/status",
            "response_url": f"{polls.url}/v2/requests/q1",
        }
        result = {"status": "COMPLETED", "output": f"{files.url}/moved", "metrics": {"cost": 0.06}}
        answers = {
            "/v2/sam-3d-objects": [reply(200, queued)],
            "/v2/requests/q1/status": [reply(200, {"status": "COMPLETED"})],
            "/v2/requests/q1": [reply(200, result)],
        }
        async with scripted(answers) as api:
            manifest = load(write_manifest(tmp_path, 1, f"{api.url}/v2/sam-3d-objects"))
            await run(manifest, key=KEY)
            asked = [request.headers.get("x-api-key") for request in api.requests]
    [row] = job_rows(manifest)
    assert row.status == "succeeded"
    assert set(asked) == {KEY}
    assert polls.requests == []
    assert [request.path for request in files.requests] == ["/moved", "/a.glb"]
    assert KEY not in str([dict(request.headers) for request in files.requests])


async def test_a_redirect_of_the_paid_call_is_not_followed(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as elsewhere:
        moved = reply(307, location=elsewhere.url + V1)
        async with scripted({V1: [moved]}) as api:
            manifest = load(write_manifest(tmp_path, 1, api.url + V1))
            summary = await run(manifest, key=KEY)
    assert (summary.exit_code, api.submits, elsewhere.requests) == (5, 1, [])


async def test_a_file_beside_the_result_that_is_gone_does_not_hold_the_result_back(
    tmp_path: Path,
) -> None:
    row = await collected(
        tmp_path,
        linking(lambda url: {"model_glb": f"{url}/a.glb", "gaussian_splat": f"{url}/none.ply"}),
    )
    assert (row.status, [each.role for each in row.files]) == ("succeeded", ["result"])
    assert stored(tmp_path) == {"j000.glb", "j000.json"}
