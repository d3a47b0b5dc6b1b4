"""Rounds: every contender in turn on every workload, again and again, so that drift hits all."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.models import model
from bench.order import Order
from bench.photos import photos
from bench.serving import serving, usage
from bench.weighing import FailedError, Weight, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.field import Contender
    from bench.workloads import Workload


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's run of one workload.

    `server` is the seconds of CPU that serving it took, `sent` when each answer had been sent.
    """

    workload: str
    contender: str
    round: int
    weight: Weight
    server: float
    sent: tuple[float, ...]


REST = 3.0
"""Seconds before each run, so that all find the same memory.

The host of a virtual machine takes memory back that is free (virtio's free page reporting), within
about 2 s here, and who writes a file into such memory pays for getting it: a bare loop 7.5 ms of
CPU for 3 MB, and 4 ms where others have just been there.
"""


class Stage:
    """A folder with photos and models, made once; `rest`: seconds before each run."""

    def __init__(self, folder: Path, rest: float) -> None:
        self._folder = folder
        self._rest = rest

    def play(self, workload: Workload, contender: Contender, number: int) -> Run:
        """Let a contender do a workload's jobs. Raises FailedError where a result is missing."""
        pictures = photos(self._folder / "photos", workload.jobs, workload.photo)
        served = self._model(workload.result)
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with serving(served, workload.latency) as url:
            results = folder / "results"
            results.mkdir()
            order = Order(
                url,
                workload.protocol,
                tuple(map(str, pictures)),
                str(results),
                workload.in_flight,
            )
            command = contender.command(order, folder)
            os.sync()  # what others left to be written is not this one's to pay for
            time.sleep(self._rest)
            before = usage(url)
            weight = weigh(command)
            after = usage(url)
            _check(order, served.stat().st_size)
            _emptied(results)
        server = after.cpu - before.cpu
        return Run(workload.name, contender.name, number, weight, server, after.sent)

    def _model(self, size: int) -> Path:
        path = self._folder / f"{size}.glb"
        if not path.exists():
            path.write_bytes(model(size))
        return path


def _emptied(results: Path) -> None:
    """Give the disk's room back, not the names.

    ext4 looks, for each file that it makes, at all inodes that were freed within the last minutes
    (`recently_deleted` in its ialloc.c): of thousands, that is more than all else a job costs.
    """
    for result in results.rglob("*"):
        if result.is_file():
            os.truncate(result, 0)


def _check(order: Order, size: int) -> None:
    for photo in order.photos:
        result = order.result(photo)
        if not result.exists() or result.stat().st_size != size:
            raise FailedError(f"{result.name}: not made, or not of {size:,} bytes")


def play(
    workloads: Sequence[Workload],
    contenders: Sequence[Contender],
    rounds: int,
    folder: Path,
    heard: Callable[[Run], None],
    *,
    rest: float = REST,
) -> list[Run]:
    """Play all rounds, and give their runs; `heard` is told of each at once."""
    stage, runs = Stage(folder, rest), []
    for number in range(rounds):
        for workload in workloads:
            for contender in contenders:
                runs.append(stage.play(workload, contender, number))
                heard(runs[-1])
    return runs
