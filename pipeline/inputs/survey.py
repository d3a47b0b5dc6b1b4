"""A first look at a job's inputs: what they are, whether its hints fit; nothing is decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.inputs.picture import check_mask_size, opened, upright_size
from pipeline.inputs.source import name_of, read_source

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.model import Job


@dataclass(frozen=True, slots=True)
class Survey:
    """A job's inputs: sha256 (hex) of the source bytes, and the upright size in pixels."""

    image_sha256: str
    mask_sha256: str | None
    width: int
    height: int


def survey(job: Job, folder: Path) -> Survey:
    """Look at what a job's image and mask are. Raises InputError where they cannot be used."""
    data = read_source(folder, job.image)
    with opened(data, name_of(job.image)) as image:
        width, height = upright_size(image)
    _check_points(job, width, height)
    mask_sha256 = None
    if job.mask is not None:
        mask_sha256 = _survey_mask(job.mask, folder, (width, height))
    return Survey(hashlib.sha256(data).hexdigest(), mask_sha256, width, height)


def _survey_mask(source: str, folder: Path, size: tuple[int, int]) -> str:
    data = read_source(folder, source)
    with opened(data, name_of(source)) as mask:
        found = upright_size(mask)
    check_mask_size(found, size, name_of(source))
    return hashlib.sha256(data).hexdigest()


def _check_points(job: Job, width: int, height: int) -> None:
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
