"""What is set aside comes back as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.manifest.scratch import IN_MEMORY, Scratch
from pipeline.manifest.spool import Spool
from pipeline.model import Job

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(max_size=9)
NUMBER = st.integers(0, 1000) | st.floats(0, 1000)
META = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
JOBS = st.builds(
    Job,
    id=TEXT,
    image=TEXT,
    prompt=st.none() | TEXT,
    mask=st.none() | TEXT,
    point_coords=st.none() | st.lists(st.tuples(NUMBER, NUMBER), min_size=1).map(tuple),
    bounding_box=st.none() | st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    seed=st.just("auto") | st.integers(0, 1_000_000),
    include_artifacts=st.booleans(),
    priority=st.integers(-1_000_000, 1_000_000),
    meta=st.dictionaries(TEXT, META, max_size=3),
    line=st.integers(1),
)


def spooled(jobs: list[Job]) -> Spool:
    spool = Spool()
    for job in jobs:
        spool.add(job)
    spool.seal()
    return spool


@given(st.lists(JOBS, max_size=5), st.integers(0, 70))
@settings(max_examples=50)
def test_jobs_come_back_as_they_were_in_order_any_number_of_times(
    jobs: list[Job], plain: int
) -> None:
    jobs += [Job(str(number), "a.jpg") for number in range(plain)]
    spool = spooled(jobs)
    for _ in range(2):
        assert repr(list(spool.jobs())) == repr(jobs)  # 1 and 1.0 and True are told apart
        assert list(spool.ids()) == [job.id for job in jobs]


def test_what_memory_does_not_hold_comes_back_from_a_file() -> None:
    image = "data:image/png;base64," + "A" * IN_MEMORY
    jobs = [
        Job("a", "a.jpg"),
        *(Job(f"large{number}", image) for number in range(3)),
        Job("b", "b"),
    ]
    spool = spooled(jobs)
    first, second = spool.jobs(), spool.jobs()
    assert next(first) == jobs[0]
    assert list(second) == jobs  # one reading does not disturb another
    assert list(first) == jobs[1:]


def test_lines_end_where_they_did_wherever_blocks_end() -> None:
    scratch, lines = Scratch(), [b"x" * (number * 997 % 3000) for number in range(2000)]
    for line in lines:  # about 3 MB
        scratch.add(line + b"\n")
    assert list(scratch.lines()) == lines


def test_a_file_that_was_cut_is_not_taken_for_a_shorter_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"ab\ncd\n")
    scratch = Scratch(os.open(tmp_path / "f", os.O_RDONLY), 0, 6)
    os.truncate(tmp_path / "f", 3)
    with pytest.raises(UsageError, match="start again"):
        list(scratch.lines())
