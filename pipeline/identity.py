"""What makes two purchases the same one: the fingerprint of a job."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pipeline.model import Job

Plain: TypeAlias = "str | float | tuple[Plain, ...] | None"

MODEL = "sam-3d-objects"
"""The model every fingerprint is of; the v1 and v2 URLs lead to the same one."""

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def fingerprint(job: Job, *, provider: str, image_sha256: str, mask_sha256: str | None) -> str:
    """Name what a job buys: 64 hex digits.

    Equal for equal provider, source bytes and declared parameters, whatever the job's id, paths,
    place in the manifest, URL version, or what is done to the picture on its way. It is written
    into ledgers: a change to this function would buy every catalogue anew.
    """
    bought = {
        "model": f"{provider}/{MODEL}",
        "image": image_sha256,
        "mask": mask_sha256,
        "prompt": job.prompt,
        "point_coords": plain(job.point_coords),
        "bounding_box": plain(job.bounding_box),
        "seed": plain(job.seed),
        "include_artifacts": job.include_artifacts,
    }
    return hashlib.sha256(_canonical(bought).encode("ascii")).hexdigest()


def plain(value: Plain) -> Plain:
    """Spell equal JSON numbers equally, at any depth of tuples: 1.0 and -0.0 become 1 and 0."""
    if isinstance(value, tuple):
        return tuple(plain(each) for each in value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
