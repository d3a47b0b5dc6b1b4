"""`check`: every input of a manifest, decoded to its last pixel; a run only does so if it must."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from pipeline.errors import InputError
from pipeline.inputs import prepare, survey
from pipeline.model import Error, Job

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.manifest import Manifest

_BATCH = 256


async def check_inputs(manifest: Manifest) -> list[tuple[Job, Error]]:
    """Look at every job's picture and mask; give the jobs whose inputs are wrong, in order."""
    threads = anyio.CapacityLimiter(os.cpu_count() or 1)
    problems: list[tuple[Job, Error]] = []
    jobs = manifest.jobs()
    while batch := list(islice(jobs, _BATCH)):
        found: dict[str, Error] = {}

        async def look(job: Job, found: dict[str, Error] = found) -> None:
            error = await to_thread.run_sync(_look, job, manifest.folder, limiter=threads)
            if error is not None:
                found[job.id] = error

        async with anyio.create_task_group() as looks:
            for job in batch:
                looks.start_soon(look, job)
        problems += [(job, found[job.id]) for job in batch if job.id in found]
    return problems


def _look(job: Job, folder: Path) -> Error | None:
    try:
        survey(job, folder)
        prepare(job, folder, thorough=True)
    except InputError as error:
        return Error(error.kind, error.message)
    return None
