from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.identity import fingerprint
from pipeline.model import Job

IMAGE, MASK = "ab" * 32, "cd" * 32
JOB = Job(
    "mug",
    "photos/mug.jpg",
    prompt="mug",
    mask="masks/mug.png",
    point_coords=((320, 240), (1.5, 2)),
    bounding_box=(50, 75, 350, 400),
    seed=42,
)


def named(job: Job = JOB, **changed: Any) -> str:
    given_inputs: dict[str, Any] = {
        "provider": "segmind",
        "image_sha256": IMAGE,
        "mask_sha256": MASK,
    }
    return fingerprint(job, **given_inputs | changed)


def test_fingerprints_never_change_for_they_stand_in_ledgers() -> None:
    assert named() == "31075b3eb2f59696ec4fbe24b3d17d393617f2fae12773337c95984f3b916abc"
    bare = Job("mug", "photos/mug.jpg", seed="auto")
    assert (
        named(bare, mask_sha256=None)
        == "6872b79f9cc92714c87c3107e52c4db453d0c49a7c2d20636ebd5d43765b9367"
    )


_NUMBER = st.integers(0, 10**6) | st.floats(0, 10**6)
_JOBS = st.builds(
    Job,
    id=st.just("a"),
    image=st.just("a.jpg"),
    prompt=st.none() | st.text(alphabet=st.characters()),
    point_coords=st.none() | st.lists(st.tuples(_NUMBER, _NUMBER), min_size=1).map(tuple),
    bounding_box=st.none() | st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER),
    seed=st.integers(0, 10**6) | st.just("auto"),
    include_artifacts=st.booleans(),
)


@given(_JOBS, st.text(), st.text(), st.none() | st.text(), st.integers(), st.integers())
def test_ids_paths_priority_meta_and_place_are_not_in_it(
    job: Job, id_: str, image: str, mask: str | None, priority: int, line: int
) -> None:
    moved = replace(
        job, id=id_, image=image, mask=mask, priority=priority, line=line, meta={"sku": id_}
    )
    assert named(moved) == named(job)


@given(_JOBS, _JOBS)
def test_every_declared_parameter_is_in_it(one: Job, other: Job) -> None:
    assert (named(one) == named(other)) is (one == other)


@pytest.mark.parametrize(
    "changed",
    [{"provider": "emulator"}, {"image_sha256": MASK}, {"mask_sha256": None}],
)
def test_provider_and_source_bytes_are_in_it(changed: dict[str, Any]) -> None:
    assert named(**changed) != named()


_WHOLE = st.integers(0, 10**6)


@given(_WHOLE, _WHOLE, _WHOLE, _WHOLE)
def test_equal_numbers_give_equal_prints_however_they_are_written(
    left: int, top: int, right: int, bottom: int
) -> None:
    whole = replace(JOB, point_coords=((left, top),), bounding_box=(left, top, right, bottom))
    floats = replace(
        JOB,
        point_coords=((float(left), float(top)),),
        bounding_box=(float(left), float(top), float(right), float(bottom)),
    )
    assert named(floats) == named(whole)


def test_a_negative_zero_is_a_zero() -> None:
    assert named(replace(JOB, point_coords=((-0.0, 0),))) == named(
        replace(JOB, point_coords=((0, 0),))
    )


def test_no_prompt_and_an_empty_one_differ() -> None:
    assert named(replace(JOB, prompt=None)) != named(replace(JOB, prompt=""))


def test_half_a_character_in_a_prompt_does_no_harm() -> None:
    assert named(replace(JOB, prompt="\ud800")) != named(replace(JOB, prompt="\ud801"))
