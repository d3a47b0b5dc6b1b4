"""From the manifest to the ledger: each job's inputs looked at, its fingerprint taken."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from pipeline.errors import InputError, UsageError
from pipeline.identity import fingerprint
from pipeline.inputs import Survey, survey
from pipeline.ledger import Posting
from pipeline.model import Error, Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pipeline.manifest import Manifest

BATCH = 256
"""Jobs surveyed and registered together."""


def batches(manifest: Manifest, only: frozenset[str] | None) -> Iterator[list[tuple[int, Job]]]:
    """Give the manifest's jobs with their positions, in batches; of all, or of `only`.

    Raises UsageError for an id in `only` that the manifest does not have.
    """
    missing = set(only or ())
    wanted = _wanted(enumerate(manifest.jobs()), only, missing)
    while batch := list(islice(wanted, BATCH)):
        yield batch
    if missing:
        raise UsageError(f"no such job in {manifest.path.name}: {', '.join(sorted(missing)[:10])}")


def _wanted(
    jobs: Iterable[tuple[int, Job]], only: frozenset[str] | None, missing: set[str]
) -> Iterator[tuple[int, Job]]:
    for position, job in jobs:
        if only is None or job.id in only:
            missing.discard(job.id)
            yield position, job


class Intake:
    """Surveys jobs in threads, as many at once as there are cores.

    `key` is the API key: a job that holds it is refused, for sidecars and ledgers are shown around.
    """

    def __init__(self, folder: Path, provider: str, key: str | None = None) -> None:
        self._folder = folder
        self._provider = provider
        self._key = key
        self._threads = anyio.CapacityLimiter(os.cpu_count() or 1)

    async def postings(
        self, batch: Sequence[tuple[int, Job]], overrides: dict[str, tuple[str, int]]
    ) -> list[Posting]:
        """Look at the inputs of a batch; a job whose input is wrong is posted as invalid.

        `overrides` are the seeds that `retry --seed` chose: id → (declared fingerprint, seed).
        """
        found: dict[int, Posting] = {}
        for _, job in batch:
            self._refuse_key(job)

        async def take(position: int, job: Job) -> None:
            found[position] = await to_thread.run_sync(
                self._posting, position, job, overrides.get(job.id), limiter=self._threads
            )

        async with anyio.create_task_group() as surveys:
            for position, job in batch:
                surveys.start_soon(take, position, job)
        return [found[position] for position, _ in batch]

    def _refuse_key(self, job: Job) -> None:
        if self._key and self._key in json.dumps([job.prompt, dict(job.meta)], ensure_ascii=False):
            raise UsageError(
                f"job {job.id}: the API key stands in the manifest, in prompt or meta; take it out"
            )

    def _posting(self, position: int, job: Job, override: tuple[str, int] | None) -> Posting:
        try:
            seen = survey(job, self._folder)
        except InputError as error:
            return Posting(job, position, "", "", Error(error.kind, error.message))
        declared = self._fingerprint(job, seen)
        if override is None or override[0] != declared:
            return Posting(job, position, declared, declared)
        job = replace(job, seed=override[1])
        return Posting(job, position, self._fingerprint(job, seen), declared)

    def _fingerprint(self, job: Job, seen: Survey) -> str:
        return fingerprint(
            job,
            provider=self._provider,
            image_sha256=seen.image_sha256,
            mask_sha256=seen.mask_sha256,
        )
