"""How pictures seen before are recognised in a run, and what it takes not to be."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, photo, write_manifest
from scripted import GLB, billed, scripted

from pipeline.batch import check_inputs, plan, run
from pipeline.batch.intake import BATCH, Intake, batches
from pipeline.inputs import Memo
from pipeline.manifest import load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"
LONG_AGO = (1_000_000_000, 1_000_000_000)


async def counts(path: Path) -> dict[str, Any]:
    found: Any = (await plan(load(path), key=KEY)).as_json()
    return {name: count for name, count in found["jobs"].items() if count}


@pytest.mark.parametrize("recheck", ["fast", "content"])
async def test_a_picture_that_was_exchanged_is_noticed(tmp_path: Path, recheck: str) -> None:
    async with scripted({V1: [billed(GLB)] * 2}) as script:
        path = write_manifest(tmp_path, 2, script.url + V1, inputs={"recheck": recheck})
        await run(load(path), key=KEY)
        assert await counts(path) == {"done": 2}
        (tmp_path / "photos" / "p000.png").write_bytes(photo(9))
        os.utime(tmp_path / "photos" / "p000.png", LONG_AGO)
        assert await counts(path) == {"done": 1, "changed": 1}
        assert ((tmp_path / "out" / "ledger.sqlite.seen").exists()) is (recheck == "fast")


async def test_masks_and_pictures_that_are_shared_are_looked_at_for_each_job(
    tmp_path: Path,
) -> None:
    path = write_manifest(tmp_path, 1)
    (tmp_path / "small.png").write_bytes(photo(3, size=8))
    (tmp_path / "mask.png").write_bytes(photo(4))
    jobs: list[dict[str, Any]] = [
        {"id": "fits", "image": "photos/p000.png", "mask": "mask.png"},
        {"id": "not", "image": "photos/p000.png", "mask": "small.png"},
        {"id": "outside", "image": "photos/p000.png", "point_coords": [[64, 0]]},
        {"id": "missing", "image": "photos/none.png", "mask": "small.png"},
        {"id": "also", "image": "photos/none.png"},
    ]
    planned = await plan(load(write_manifest(tmp_path, jobs)), key=None)
    said = [(id_, error.kind) for id_, error in planned.problems]
    assert said == [
        ("not", "mask_size"),
        ("outside", "point_outside"),
        ("missing", "missing_file"),
        ("also", "missing_file"),
    ]
    assert [(job.id, error.kind) for job, error in await check_inputs(load(path))] == said


@pytest.mark.parametrize(("together", "alone", "most"), [(2, 4, os.cpu_count()), (2, 3, 1)])
async def test_pictures_are_looked_at_by_one_thread_where_all_are_not_clearly_sooner_done(
    tmp_path: Path, together: int, alone: int, most: int
) -> None:
    asked, now = list[int](), time.time_ns()

    def clock() -> int:
        asked.append(threading.get_ident())
        calls = len(asked)  # each try: before it, at each of 32 looks, and behind it
        return now + min(calls, 34) * together + max(0, calls - 34) * alone

    manifest = load(write_manifest(tmp_path, 264))
    intake = Intake(manifest, Memo(None, manifest.folder, clock))
    postings = await intake.postings(list(enumerate(manifest.jobs())), {})
    assert len(postings) == 264
    assert len(set(asked[35:67])) == 1
    assert (len(set(asked[68:])) == 1) is (most == 1)
    assert len(asked) == 264 + 4


def test_batches_are_bounded_in_jobs_and_in_what_pictures_take(tmp_path: Path) -> None:
    uri = "data:image/png;base64," + "A" * 600_000  # two of them are more than 1 MiB
    plain: list[dict[str, Any]] = [
        {"id": f"j{number}", "image": "a.png"} for number in range(BATCH + 1)
    ]
    large: list[dict[str, Any]] = [{"id": f"l{number}", "image": uri} for number in range(3)]
    manifest = load(write_manifest(tmp_path, [*plain, *large]))
    assert [len(batch) for batch in batches(manifest, None)] == [BATCH, 3, 1]
    positions = [position for batch in batches(manifest, None) for position, _ in batch]
    assert positions == list(range(BATCH + 4))
    wanted = frozenset({"j3", "l2"})
    assert [[job.id for _, job in batch] for batch in batches(manifest, wanted)] == [["j3", "l2"]]
