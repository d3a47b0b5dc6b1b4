"""Finished jobs whose files went away: fetched again, never bought again."""

import json
from pathlib import Path

import pytest
from catalogue import KEY, write_manifest
from scripted import GLB, Answer, billed, reply, scripted, with_url

from pipeline.batch import job_rows, run
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"


def linked(url: str) -> Answer:
    return billed({"output": f"{url}/a.glb"})


@pytest.mark.parametrize("harm", ["gone", "cut"])
async def test_a_result_that_is_gone_or_altered_is_fetched_again_free(
    tmp_path: Path, harm: str
) -> None:
    result = tmp_path / "out" / "j000.glb"
    async with scripted({V1: [with_url(linked)], "/a.glb": [reply(200, GLB)]}) as script:
        manifest = load(write_manifest(tmp_path, 1, script.url + V1))
        await run(manifest, key=KEY)
        result.unlink() if harm == "gone" else result.write_bytes(GLB[:100])
        summary = await run(manifest, key=KEY)
        assert script.submits == 1
    assert summary.exit_code == 0
    assert result.read_bytes() == GLB
    assert [row.status for row in job_rows(manifest)] == ["succeeded"]


async def test_a_result_without_a_link_stays_received_and_is_not_bought_again(
    tmp_path: Path,
) -> None:
    async with scripted({V1: [billed(GLB)]}) as script:
        manifest = load(write_manifest(tmp_path, 1, script.url + V1))
        await run(manifest, key=KEY)
        (tmp_path / "out" / "j000.glb").unlink()
        summary = await run(manifest, key=KEY)
        assert script.submits == 1
    assert summary.exit_code == 1
    [row] = job_rows(manifest)
    assert (row.status, row.credits) == ("received", 64_100)
    assert row.error is not None
    assert row.error.kind == "body_lost"


async def test_a_twins_file_is_copied_again(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as script:
        write_manifest(tmp_path, 1)
        jobs = [{"id": f"twin{number}", "image": "photos/p000.png"} for number in range(3)]
        limits = {"concurrency": 1}
        manifest = load(write_manifest(tmp_path, jobs, script.url + V1, limits=limits))
        await run(manifest, key=KEY)
        (tmp_path / "out" / "twin1.glb").unlink()
        summary = await run(manifest, key=KEY)
        assert script.submits == 1
    assert summary.exit_code == 0
    assert (tmp_path / "out" / "twin1.glb").read_bytes() == GLB
    sidecar = json.loads((tmp_path / "out" / "twin1.json").read_text())
    assert sidecar["bought_by"] == "twin0"


async def test_a_file_of_someone_else_is_not_overwritten(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as script:
        manifest = load(write_manifest(tmp_path, 1, script.url + V1))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "j000.glb").write_text("mine")
        await run(manifest, key=KEY)
    [row] = job_rows(manifest)
    assert (tmp_path / "out" / "j000.glb").read_text() == "mine"
    assert (tmp_path / "out" / row.files[0].path).read_bytes() == GLB


async def test_a_bad_result_of_one_job_and_the_result_of_another_do_not_meet(
    tmp_path: Path,
) -> None:
    # both would be called a.bad.glb
    async with scripted({V1: [billed(GLB), billed(GLB[:-4])]}) as script:
        write_manifest(tmp_path, 2)
        jobs = [
            {"id": "a.bad", "image": "photos/p000.png"},
            {"id": "a", "image": "photos/p001.png"},
        ]
        limits = {"concurrency": 1}
        manifest = load(write_manifest(tmp_path, jobs, script.url + V1, limits=limits))
        await run(manifest, key=KEY)
    good, bad = job_rows(manifest)
    assert (tmp_path / "out" / good.files[0].path).read_bytes() == GLB
    assert (tmp_path / "out" / bad.files[0].path).read_bytes() == GLB[:-4]
