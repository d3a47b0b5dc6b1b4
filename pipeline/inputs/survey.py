"""A first look at a job's inputs: what they are, whether its hints fit; nothing is decoded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import InputError
from pipeline.inputs.picture import check_mask_size
from pipeline.inputs.sight import look
from pipeline.inputs.source import name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.inputs.sight import Sight
    from pipeline.model import Job


class Survey(NamedTuple):
    """A job's inputs: sha256 (hex) of the source bytes, and the upright size in pixels."""

    image_sha256: str
    mask_sha256: str | None
    width: int
    height: int


def survey(job: Job, folder: Path) -> Survey:
    """Look at what a job's image and mask are. Raises InputError where they cannot be used."""
    return surveyed(job, partial(look, folder))


def surveyed(job: Job, sight_of: Callable[[str], Sight]) -> Survey:
    """Say what a job's image and mask are, by sights of them. Raises InputError as `sight_of`."""
    image = sight_of(job.image)
    if job.point_coords is not None or job.bounding_box is not None:
        _check_hints(job, image.width, image.height)
    if job.mask is None:
        return Survey(image.sha256, None, image.width, image.height)
    mask = sight_of(job.mask)
    check_mask_size((mask.width, mask.height), (image.width, image.height), name_of(job.mask))
    return Survey(image.sha256, mask.sha256, image.width, image.height)


def _check_hints(job: Job, width: int, height: int) -> None:
    for x, y in job.point_coords or ():
        if x >= width or y >= height:
            raise InputError(
                f"point [{x:g}, {y:g}] lies outside the image of {width} × {height} pixels",
                kind="point_outside",
            )
    if job.bounding_box is not None:
        x_max, y_max = job.bounding_box[2:]
        if x_max > width or y_max > height:
            box = ", ".join(f"{value:g}" for value in job.bounding_box)
            raise InputError(
                f"bounding_box [{box}] reaches outside the image of {width} × {height} pixels",
                kind="box_outside",
            )
