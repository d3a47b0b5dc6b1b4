"""`check`: every input of a manifest, made ready as it would be to send it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipeline.batch.intake import batches
from pipeline.batch.spreading import spread
from pipeline.errors import InputError
from pipeline.inputs import prepare, survey
from pipeline.model import Error, Job

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.manifest import Manifest


async def check_inputs(manifest: Manifest) -> list[tuple[Job, Error]]:
    """Look at every job's picture and mask anew; give the jobs whose inputs are wrong, in order."""
    problems: list[tuple[Job, Error]] = []
    for batch in batches(manifest, None):
        found: dict[int, tuple[Job, Error]] = {}
        for wrong in await spread(batch, partial(_wrong, manifest)):
            found |= wrong
        problems += [found[position] for position in sorted(found)]
    return problems


def _wrong(manifest: Manifest, share: Iterable[tuple[int, Job]]) -> dict[int, tuple[Job, Error]]:
    """Look at some jobs' inputs."""
    wrong: dict[int, tuple[Job, Error]] = {}
    for position, job in share:
        try:
            survey(job, manifest.folder)
            prepare(job, manifest.folder, manifest.inputs.max_side)
        except InputError as error:
            wrong[position] = job, Error(error.kind, error.message)
    return wrong
