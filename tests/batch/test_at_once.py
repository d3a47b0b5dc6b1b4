"""Jobs that end at the same moment, and touch each other."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pybase64
import pytest
from aiohttp import web
from catalogue import catalog3d, rows, write_manifest, write_photos
from ply_builder import splat
from scripted import BILL, GLB, Answer, scripted

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"


def together(
    count: int, answer: Callable[[int, bytes], web.Response]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answer the first `count` calls when all of them are there, the others at once."""
    all_here, asked = anyio.Event(), 0

    async def answered(request: web.Request) -> web.Response:
        nonlocal asked
        body = await request.read()
        asked += 1
        number = asked
        if number == count:
            all_here.set()
        await all_here.wait()
        return answer(number, body)

    return answered


def model(number: int, text: str) -> web.Response:
    return web.Response(text=text, headers={**BILL, "x-request-id": f"r{number}"})


async def test_twins_of_jobs_whose_last_try_only_revealed_an_outage_share_their_success(
    tmp_path: Path,
) -> None:
    def answer(number: int, _: bytes) -> web.Response:
        if number <= 8:
            return web.json_response({"error": "down"}, status=503)
        return web.Response(body=GLB, headers={**BILL, "x-request-id": f"r{number}"})

    photos = write_photos(tmp_path / "photos", 8)
    jobs = [
        {"id": f"{name}{number}", "image": f"photos/{photo}", "seed": 1, "priority": priority}
        for name, priority in (("leader", 1), ("twin", 0))
        for number, photo in enumerate(photos)
    ]
    async with scripted({V1: [together(8, answer)]}) as api:
        limits = {"concurrency": 16, "attempts": 1}
        manifest = write_manifest(tmp_path, jobs, api.url + V1, limits=limits)
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        assert done.returncode == 0, done.stderr
        assert {row["status"] for row in rows(manifest).values()} == {"succeeded"}
        assert api.submits == 16  # 8 that found it down, and one for each pair


def splat_or_both(number: int, body: bytes) -> web.Response:
    """Give a splat, and to whoever asks with seed 1 a GLB too."""
    files = {"gaussian_splat": pybase64.b64encode(splat(40)).decode()}
    if json.loads(body)["seed"] == 1:
        files["model_glb"] = pybase64.b64encode(GLB).decode()
    return model(number, json.dumps(files))


async def test_jobs_that_want_one_name_both_get_their_files(tmp_path: Path) -> None:
    """A job `a` whose answer brings a splat wants `a.splat.ply`; so does a job `a.splat`."""

    photos = write_photos(tmp_path / "photos", 8)
    jobs = [
        {"id": f"a{number}{ending}", "image": f"photos/{photo}", "seed": seed}
        for number, photo in enumerate(photos)
        for ending, seed in (("", 1), (".splat", 2))
    ]
    async with scripted({V1: [together(16, splat_or_both)]}) as api:
        manifest = write_manifest(tmp_path, jobs, api.url + V1, limits={"concurrency": 16})
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        assert done.returncode == 0, done.stderr
        assert api.submits == 16
    paths = [file["path"] for row in rows(manifest).values() for file in row["files"]]
    assert len(paths) == len(set(paths)) == 24  # 8 with two files, 8 with one
    assert all((tmp_path / "out" / path).exists() for path in paths)


async def test_a_twins_copy_and_a_job_that_want_one_name_both_get_their_files(
    tmp_path: Path,
) -> None:
    """A twin `a` of a job that brings a splat wants `a.splat.ply`; so does a job `a.splat`."""

    photos = write_photos(tmp_path / "photos", 8)
    jobs = [
        {"id": f"{name}{number}{ending}", "image": f"photos/{photo}", "seed": seed, "priority": -at}
        for number, photo in enumerate(photos)
        for at, (name, ending, seed) in enumerate(
            (("lead", "", 1), ("a", ".splat", 2), ("a", "", 1))
        )
    ]
    async with scripted({V1: [together(16, splat_or_both)]}) as api:
        manifest = write_manifest(tmp_path, jobs, api.url + V1, limits={"concurrency": 16})
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        assert done.returncode == 0, done.stderr
        assert api.submits == 16
    assert {row["status"] for row in rows(manifest).values()} == {"succeeded"}
    paths = [file["path"] for row in rows(manifest).values() for file in row["files"]]
    assert len(paths) == len(set(paths)) == 40  # 8 leaders and 8 twins with two files, 8 with one
    assert all((tmp_path / "out" / path).exists() for path in paths)


@pytest.mark.parametrize(
    ("good", "most"),
    [
        (0, 10),  # 8 at once, and a call for each of the first two that were judged
        (12, 14),  # half as many more after a row of good ones: 8 + 4 + 2
    ],
)
async def test_hardly_more_is_bought_than_is_in_flight_when_results_are_no_use(
    tmp_path: Path, good: int, most: int
) -> None:
    """Answers come fast and name files that come slowly: many could be bought unseen."""
    asked = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        number, name = asked, "good" if asked <= good else "bad"
        await anyio.sleep(0.05)
        return model(number, json.dumps({"output": f"http://{request.host}/{name}.glb"}))

    def file(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def sent(_request: web.Request) -> web.Response:
            await anyio.sleep(0.4)
            return web.Response(body=body)

        return sent

    jobs = [{"image": f"photos/{photo}"} for photo in write_photos(tmp_path / "photos", 60)]
    files: dict[str, list[Answer]] = {
        "/good.glb": [file(GLB)],
        "/bad.glb": [file(GLB[:-8])],
    }
    async with scripted({V1: [answer], **files}) as api:
        manifest = write_manifest(tmp_path, jobs, api.url + V1, limits={"concurrency": 8})
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        assert done.returncode == 7, done.stderr
        assert good + 3 <= api.submits <= good + most
