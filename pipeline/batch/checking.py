"""`check`: every input of a manifest, decoded to its last pixel; a run only does so if it must."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from pipeline.batch.intake import batches
from pipeline.errors import InputError
from pipeline.inputs import prepare, survey
from pipeline.model import Error, Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.manifest import Manifest


async def check_inputs(manifest: Manifest) -> list[tuple[Job, Error]]:
    """Look at every job's picture and mask anew; give the jobs whose inputs are wrong, in order."""
    cores = os.cpu_count() or 1
    problems: list[tuple[Job, Error]] = []
    left = threading.Event()
    try:
        for batch in batches(manifest, None):
            found: dict[int, tuple[Job, Error]] = {}

            async def look(
                share: Sequence[tuple[int, Job]], found: dict[int, tuple[Job, Error]] = found
            ) -> None:
                wrong = await to_thread.run_sync(
                    _wrong, share, manifest, left, abandon_on_cancel=True
                )
                found.update(wrong)

            async with anyio.create_task_group() as looks:
                for core in range(min(cores, len(batch))):
                    looks.start_soon(look, batch[core::cores])
            problems += [found[position] for position in sorted(found)]
    finally:
        left.set()
    return problems


def _wrong(
    share: Sequence[tuple[int, Job]], manifest: Manifest, left: threading.Event
) -> dict[int, tuple[Job, Error]]:
    """Look at some jobs' inputs, unless the one who asked has left."""
    wrong: dict[int, tuple[Job, Error]] = {}
    for position, job in share:
        if left.is_set():
            break
        try:
            survey(job, manifest.folder)
            prepare(job, manifest.folder, manifest.inputs.max_side)
        except InputError as error:
            wrong[position] = job, Error(error.kind, error.message)
    return wrong
