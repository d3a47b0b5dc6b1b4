"""A catalogue of a million jobs: planned when all is new, taken in, and when nothing is left."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glb_builder import tetrahedron

from bench.photos import noise
from bench.weighing import Weight, python, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = "http://127.0.0.1:9/v1/sam-3d-objects"  # whoever sends anything there fails
_A_FILE = 50_000  # names that share a file's bytes; ext4 allows 65,000
_HEAD = f"""\
api: {{url: "{_NOBODY}"}}
budget: {{credits: unlimited}}
output: {{path: out}}
jobs:
"""

# What a run leaves behind for each job that it bought, in the tables of the ledger's schema.
_ALL_BOUGHT = """
INSERT INTO attempt (id, fingerprint, run, protocol, body_sha256, reserved, state, sent_at,
                     settled_at, http_status, request_id, credits)
SELECT id, fingerprint, run, 'v1', hex(zeroblob(32)), 65000, 'billed',
       '2026-01-01T00:00:00.000+00:00', '2026-01-01T00:00:33.000+00:00', 200, 'r-' || id, 65000
FROM job;
UPDATE ticket SET status = 'succeeded', attempts = 1,
    attempt = (SELECT number FROM attempt
               WHERE attempt.id = ticket.id AND attempt.fingerprint = ticket.fingerprint);
INSERT INTO file (path, id, fingerprint, role, placed, sha256, bytes)
SELECT id || '.glb', id, fingerprint, 'result', 1, :sha256, :bytes FROM job;
"""


@dataclass(frozen=True, slots=True)
class Stride:
    """A command that was weighed."""

    title: str
    weight: Weight


def million(jobs: int, pictures: int, folder: Path) -> Iterator[Stride]:
    """Weigh `plan` and `run` over so many jobs of some pictures, which differ by prompt.

    The ledger of a finished catalogue is made by statements of our own, out of the one that
    `run --limit 0` takes the jobs into; the results are names of a few files.
    """
    with tempfile.TemporaryDirectory(dir=folder) as made:
        manifest = _manifest(Path(made), jobs, pictures)
        yield _weighed("plan, all new", "plan", manifest)
        yield _weighed("run --limit 0: taken in", "run", manifest, "--limit", "0")
        yield _weighed("plan, unchanged", "plan", manifest)
        _finish(manifest.parent / "out", jobs)
        yield _weighed("plan, all done", "plan", manifest)
        yield _weighed("run, nothing to do", "run", manifest)
        yield _weighed("status", "status", manifest)


def told(stride: Stride, jobs: int) -> str:
    """Give its line."""
    weight = stride.weight
    return (
        f"{stride.title:24} {jobs:,} jobs: {weight.wall:.1f} s, {weight.cpu:.1f} s of CPU, "
        f"{weight.peak / 1e6:.0f} MB"
    )


def _weighed(title: str, command: str, *args: str | Path) -> Stride:
    return Stride(title, weigh(python("pipeline", command, *args)))


def _manifest(folder: Path, jobs: int, pictures: int) -> Path:
    photo = noise(0, 1000)
    for number in range(pictures):  # what is behind a PNG's end makes it another one
        (folder / f"{number:06}.png").write_bytes(photo + number.to_bytes(8, "big"))
    path = folder / "catalogue.yaml"
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for number in range(jobs):
            image = f"{number % pictures:06}.png"
            file.write(f"  - {{id: job-{number:07}, image: {image}, prompt: chair {number}}}\n")
    return path


def _finish(out: Path, jobs: int) -> None:
    """Let every job be bought, its result under its name."""
    result = tetrahedron().pack()
    for number in range(jobs):
        first = out / f"job-{number - number % _A_FILE:07}.glb"
        if number % _A_FILE == 0:
            first.write_bytes(result)
        else:
            os.link(first, out / f"job-{number:07}.glb")
    db = sqlite3.connect(out / "ledger.sqlite")
    try:
        for statement in filter(str.strip, _ALL_BOUGHT.split(";")):
            db.execute(statement, {"sha256": "0" * 64, "bytes": len(result)})
        db.commit()
    finally:
        db.close()
