"""From the manifest to the ledger: each job's inputs looked at, its fingerprint taken."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from anyio import to_thread

from pipeline.batch.spreading import spread
from pipeline.errors import InputError, UsageError
from pipeline.identity import fingerprint
from pipeline.inputs import look_and_stamp, surveyed
from pipeline.ledger import Posting
from pipeline.model import Error, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.inputs import Memo, Sight, Stamp, Survey
    from pipeline.manifest import Manifest

BATCH = 1024
"""Jobs surveyed and registered together, at most."""

_TRIED = 32  # pictures of a batch, by all threads, and as many by one
_CLEARLY = 1.5  # how much sooner all have to be: fewer threads cost less
_ROOM = 1 << 20  # characters of pictures in a batch: data URIs have megabytes


def batches(manifest: Manifest, only: frozenset[str] | None) -> Iterator[list[tuple[int, Job]]]:
    """Give the manifest's jobs with their positions, in batches; of all, or of `only`.

    Raises UsageError for an id in `only` that the manifest does not have.
    """
    missing = set(only or ())
    batch: list[tuple[int, Job]] = []
    room = _ROOM
    for position, job in _wanted(enumerate(manifest.jobs()), only, missing):
        batch.append((position, job))
        room -= len(job.image)
        if len(batch) == BATCH or room < 0:
            yield batch
            batch, room = [], _ROOM
    if batch:
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
    """Surveys jobs: pictures of the memo by a look at their files, others read, on all cores.

    `key` is the API key: a job that holds it is refused, for sidecars and ledgers are shown around.
    """

    def __init__(self, manifest: Manifest, memo: Memo, key: str | None = None) -> None:
        self._folder = manifest.folder
        self._provider = manifest.api.provider
        self._memo = memo
        self._key = key or None

    async def postings(
        self, batch: Sequence[tuple[int, Job]], overrides: dict[str, tuple[str, int]]
    ) -> list[Posting]:
        """Look at the inputs of a batch; a job whose input is wrong is posted as invalid.

        `overrides` are the seeds that `retry --seed` chose: id → (declared fingerprint, seed).
        """
        for _, job in batch:
            self._refuse_key(job)
        sights = await self._sights(batch)

        def sight_of(source: str) -> Sight:
            if isinstance(found := sights[source], InputError):
                raise found
            return found

        return [
            self._posting(position, job, sight_of, overrides.get(job.id)) for position, job in batch
        ]

    async def _sights(self, batch: Sequence[tuple[int, Job]]) -> dict[str, Sight | InputError]:
        """Look at every picture and mask of a batch, once."""
        sources = {source for _, job in batch for source in (job.image, job.mask) if source}
        found: dict[str, Sight | InputError] = {}
        found.update(await to_thread.run_sync(self._memo.recall, sources))
        unseen = sorted(sources - found.keys())
        for seen, settled in await self._looked_at(unseen):
            found.update(seen)
            self._memo.remember(settled)
        return found

    async def _looked_at(
        self, sources: Sequence[str]
    ) -> list[tuple[dict[str, Sight | InputError], list[tuple[str, Sight, Stamp]]]]:
        """Look at pictures on all cores, or by one thread if that is sooner done: both are tried.

        At each system call a thread hands the interpreter's lock over: what is small, and in the
        kernel's memory already, takes 48 µs by one thread and 142 by two (2 cores, Python 3.11).
        """
        found, took = [], list[int]()
        for most in (None, 1):
            tried, sources = sources[:_TRIED], sources[_TRIED:]
            began = self._memo.now()
            found += await spread(tried, self._look, most=most)
            took.append(self._memo.now() - began)
        most = None if took[0] * _CLEARLY < took[1] else 1
        return found + await spread(sources, self._look, most=most)

    def _look(
        self, share: Iterable[str]
    ) -> tuple[dict[str, Sight | InputError], list[tuple[str, Sight, Stamp]]]:
        """Read some pictures; give what they are, and those that are to be noted."""
        seen: dict[str, Sight | InputError] = {}
        settled = []
        for source in share:
            try:
                sight, stamp = look_and_stamp(self._folder, source, self._memo.now())
            except InputError as error:
                seen[source] = error
            else:
                seen[source] = sight
                if stamp is not None:
                    settled.append((source, sight, stamp))
        return seen, settled

    def _refuse_key(self, job: Job) -> None:
        if self._key is None:
            return
        said = job.prompt or ""
        if job.meta:
            said += json.dumps(dict(job.meta), ensure_ascii=False)
        if self._key in said:
            raise UsageError(
                f"job {job.id}: the API key stands in the manifest, in prompt or meta; take it out"
            )

    def _posting(
        self,
        position: int,
        job: Job,
        sight_of: Callable[[str], Sight],
        override: tuple[str, int] | None,
    ) -> Posting:
        try:
            seen = surveyed(job, sight_of)
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
