"""What is written of jobs that a run reads again: nothing but what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ledger_parts import opened, posting

from pipeline.ledger import BEFORE_ALL, Finished, Posting
from pipeline.ledger.rows import job_of, spec_of
from pipeline.model import Error, Job, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio

FULL = Job(
    id="mug",
    image="ü.jpg",
    prompt="mug",
    point_coords=((1, 2.5),),
    bounding_box=(0, 0, 9, 9.5),
    seed="auto",
    meta={"a": [1, {"b": None}]},
    line=3,
)
ALL = "SELECT id, manifest, position, priority, fingerprint, declared FROM job ORDER BY id"


async def read(path: Path, *postings: Posting, manifest: str = "shop.yaml") -> list[Any]:
    """Read jobs in a run of its own; give the run that read each job last."""
    async with opened(path, manifest=manifest) as parts:
        await parts.roster.register(postings)
        return await parts.sql("SELECT id, run FROM job ORDER BY id")


async def guarded(path: Path) -> None:
    """Let the ledger refuse to touch more of a job than the run that read it."""
    async with opened(path) as parts:
        for column in ("manifest", "position", "priority", "fingerprint", "declared"):
            await parts.sql(
                f"CREATE TRIGGER no_{column} BEFORE UPDATE OF {column} ON job "
                "BEGIN SELECT RAISE(ABORT, 'rewritten'); END"
            )
        await parts.sql(
            "CREATE TRIGGER no_spec BEFORE UPDATE ON ticket "
            "BEGIN SELECT RAISE(ABORT, 'rewritten'); END"
        )


async def test_of_jobs_that_stand_only_the_run_is_new(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    jobs = [posting("mug", position=0), posting("vase", position=1, priority=3)]
    await read(path, *jobs)
    await guarded(path)
    assert await read(path, *jobs) == [("mug", 3), ("vase", 3)]
    assert await read(path, jobs[1]) == [("mug", 3), ("vase", 4)]  # as by `run --only vase`


def moved(each: Posting) -> Posting:
    return each._replace(position=7)


def urgent(each: Posting) -> Posting:
    return each._replace(job=replace(each.job, priority=9))


def changed(each: Posting) -> Posting:
    return each._replace(fingerprint="new", declared="new")


def reseeded(each: Posting) -> Posting:
    return each._replace(fingerprint="seeded")


def described(each: Posting) -> Posting:
    return each._replace(job=replace(each.job, meta={"sku": 1}))


def broken(each: Posting) -> Posting:
    return Posting(each.job, each.position, "", "", Error("missing_file", "gone"))


@pytest.mark.parametrize("change", [moved, urgent, changed, reseeded, described, broken])
async def test_a_job_that_is_another_is_written_and_its_neighbours_are_not(
    tmp_path: Path, change: Callable[[Posting], Posting]
) -> None:
    path = tmp_path / "l.sqlite"
    mug, vase = posting("mug"), posting("vase", position=1)
    await read(path, mug, vase)
    new = change(mug)
    await read(path, new, vase)
    async with opened(path) as parts:
        assert await parts.sql(ALL) == [
            (
                "mug",
                "shop.yaml",
                new.position,
                new.job.priority,
                new.fingerprint,
                new.declared,
            ),
            ("vase", "shop.yaml", 1, 0, "print-vase", "print-vase"),
        ]
        [(spec,)] = await parts.sql(
            "SELECT spec FROM ticket JOIN job USING (id, fingerprint) WHERE id = 'mug'"
        )
        assert job_of(spec) == new.job


async def test_jobs_that_pass_on_from_a_manifest_that_is_gone_are_written(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    await read(path, posting("mug"), manifest="old.yaml")
    await read(path, posting("mug"), manifest="new.yaml")
    async with opened(path) as parts:
        assert await parts.sql("SELECT manifest FROM job") == [("new.yaml",)]


def test_a_job_comes_back_out_of_its_column_as_it_went_in() -> None:
    for job in (FULL, Job("a", "a.jpg")):
        assert repr(job_of(spec_of(job))) == repr(job)


async def test_finished_jobs_come_with_a_row_a_file_page_by_page(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        jobs = [posting(name, position=at) for at, name in enumerate(("mug", "vase", "cup"))]
        await parts.roster.register(jobs)
        for each in [waiting.ticket for waiting in await parts.roster.waiting(BEFORE_ALL, 9)]:
            await parts.brought(each, Status.SUCCEEDED)
        for path, size in (("mug.glb", 5), ("mug.ply", 6)):
            await parts.sql(
                "INSERT INTO file VALUES (:path, 'mug', 'print-mug', 'result', NULL, 1, '', :size)",
                path=path,
                size=size,
            )
        page = await parts.roster.finished(BEFORE_ALL, 2)
        assert sorted(page) == [
            Finished("mug", "print-mug", 0, 0, "mug.glb", 5),
            Finished("mug", "print-mug", 0, 0, "mug.ply", 6),
            Finished("vase", "print-vase", 0, 1, None, None),
        ]
        assert await parts.roster.finished((0, 1), 2) == [
            Finished("cup", "print-cup", 0, 2, None, None)
        ]
        tickets = await parts.roster.tickets(["vase", "mug"])
        assert [each.claim for each in tickets] == [("vase", "print-vase"), ("mug", "print-mug")]
