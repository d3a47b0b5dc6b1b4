"""Jobs that were found right, in a compact form: read again without their text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.manifest.scratch import Scratch
from pipeline.model import Job

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOGETHER: Final = 64  # jobs of a line
_LINE_MAX: Final = 1 << 18  # characters of pictures in a line, unless one alone has more

_encode: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Spool:
    """Jobs, as many as come, given back as they were and in their order.

    A line is a JSON list of some jobs, each a list of its fields.
    """

    def __init__(self, scratch: Scratch | None = None) -> None:
        self.scratch = scratch or Scratch()
        self._waiting: list[list[Any]] = []
        self._room = _LINE_MAX

    def add(self, job: Job) -> None:
        """Take one more. Raises UsageError where there is no room for it."""
        self._waiting.append(_row(job))
        self._room -= len(job.image)
        if len(self._waiting) == _TOGETHER or self._room < 0:
            self.seal()

    def seal(self) -> None:
        """Write what still waits: to be called behind the last one."""
        if self._waiting:
            self.scratch.add(_encode(self._waiting).encode() + b"\n")
            self._waiting, self._room = [], _LINE_MAX

    def jobs(self) -> Iterator[Job]:
        """Give the jobs."""
        for line in self.scratch.lines():
            for row in json.loads(line):
                yield _job(row)

    def ids(self) -> Iterator[str]:
        """Give the jobs' ids."""
        for line in self.scratch.lines():
            for row in json.loads(line):
                yield row[0]


def _row(job: Job) -> list[Any]:
    return [
        job.id, job.image, job.prompt, job.mask, job.point_coords, job.bounding_box,
        job.seed, job.include_artifacts, job.priority, job.meta, job.line,
    ]  # fmt: skip


def _job(row: list[Any]) -> Job:
    id_, image, prompt, mask, points, box, *others = row
    if points is not None:
        points = tuple(map(tuple, points))
    return Job(id_, image, prompt, mask, points, box and tuple(box), *others)
