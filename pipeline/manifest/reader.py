"""A manifest's file: validated as a whole, once; what comes of it, and where its jobs are kept."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.errors import ManifestError, UsageError
from pipeline.manifest.ids import Ids
from pipeline.manifest.kept import KEPT_FROM, keep, kept
from pipeline.manifest.sections import (
    Api,
    Budget,
    Inputs,
    Limits,
    Output,
    Reconcile,
    Safety,
    Strict,
)
from pipeline.manifest.source import Source
from pipeline.manifest.spool import Spool
from pipeline.manifest.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.manifest.survey import Common
    from pipeline.model import Job

FILE_MAX: Final = 1 << 30
"""Bytes in a manifest."""

Model = TypeVar("Model", bound=Strict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is right: its sections; its jobs are set aside in a file, `count` of them.

    `path` is resolved. What became of the text after it was validated changes nothing here.
    """

    path: Path
    api: Api
    limits: Limits
    budget: Budget
    inputs: Inputs
    reconcile: Reconcile
    safety: Safety
    output: Output
    count: int
    _digest: bytes = field(repr=False)
    _spool: Spool = field(repr=False, compare=False)
    _is_to_keep: bool = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Where the manifest's relative paths start."""
        return self.path.parent

    @property
    def output_folder(self) -> Path:
        """Where results go; absolute."""
        return _below(self.folder, self.output.path)

    @property
    def ledger_path(self) -> Path:
        """The ledger's file; absolute."""
        if self.output.ledger is None:
            return self.output_folder / "ledger.sqlite"
        return _below(self.folder, self.output.ledger)

    @property
    def kept_path(self) -> Path:
        """The file that jobs are kept in from one command to the next: a cache."""
        return self.ledger_path.with_name(f"{self.ledger_path.name}.{self.path.name}.jobs")

    def jobs(self) -> Iterator[Job]:
        """Give the jobs, in the text's order, defaults applied, in memory that stays flat."""
        return self._spool.jobs()

    def ids(self) -> Iterator[str]:
        """Give the jobs' ids, in the same order."""
        return self._spool.ids()

    def keep(self) -> None:
        """Keep many jobs for later commands, beside the ledger if its folder is there by now.

        Only of a text whose jobs come last: its sections are read from the text each time.
        """
        if self._is_to_keep:
            keep(self.kept_path, self._digest, self.count, self._spool)


def load(path: Path) -> Manifest:
    """Validate the manifest at a path; its relative paths start at the folder it is in.

    Raises ManifestError with every fault that the text alone can show, the first hundred told,
    each as FILE:LINE:COLUMN with the file named as in `path`; UsageError where the text has to be
    read twice, and changed meanwhile, or where there is no room to set its jobs aside.
    """
    if manifest := _remembered(path):
        return manifest
    spool = Spool()
    survey, digest = _surveyed(path, None, spool)
    if survey.late:
        spool, before = Spool(), digest
        survey, digest = _surveyed(path, survey.common, spool)
        if digest != before:
            raise UsageError(f"{path} changed while it was read: start again")
    if survey.faults:
        raise ManifestError(tuple(survey.faults.lines()))
    manifest = _made(path, survey, digest, spool)
    manifest.keep()
    return manifest


def _remembered(path: Path) -> Manifest | None:
    """Give the manifest with the jobs that an earlier command kept, if they are of this text.

    Only what stands before the first job is parsed; the rest goes into the digest.
    """
    survey = Survey(str(path))
    with _opened(path) as source:
        if next(survey.jobs(source), None) is None or "output" not in survey.sections:
            return None
        manifest = _made(path, survey, b"", Spool())
        if not manifest.kept_path.exists():
            return None
        source.drain()
    if (found := kept(manifest.kept_path, source.digest)) is None:
        return None
    spool, count = found
    return replace(manifest, count=count, _digest=source.digest, _spool=spool, _is_to_keep=False)


def _made(path: Path, survey: Survey, digest: bytes, spool: Spool) -> Manifest:
    return Manifest(
        path=path.resolve(),
        api=_section(survey, "api", Api),
        limits=_section(survey, "limits", Limits),
        budget=_section(survey, "budget", Budget),
        inputs=_section(survey, "inputs", Inputs),
        reconcile=_section(survey, "reconcile", Reconcile),
        safety=_section(survey, "safety", Safety),
        output=_section(survey, "output", Output),
        count=survey.count,
        _digest=digest,
        _spool=spool,
        _is_to_keep=survey.jobs_last and survey.count >= KEPT_FROM,
    )


def _below(folder: Path, path: str) -> Path:
    """Join as text: the folder is resolved, and people are shown what comes of it."""
    return Path(os.path.normpath(folder / path))


def _surveyed(path: Path, common: Common | None, spool: Spool) -> tuple[Survey, bytes]:
    survey = Survey(str(path), common, Ids())
    with _opened(path) as source:
        for job in survey.jobs(source):
            spool.add(job)
    spool.seal()
    return survey, source.digest


def _section(survey: Survey, name: str, model: type[Model]) -> Model:
    section = survey.sections.get(name) or model()
    assert isinstance(section, model)
    return section


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    try:
        _refuse_unreadable(path)
        with path.open("rb") as file:
            yield Source(file)
    except FileNotFoundError as error:
        raise ManifestError((f"{path}: there is no such file",)) from error
    except OSError as error:
        raise ManifestError((f"{path}: cannot be read: {error.strerror}",)) from error


def _refuse_unreadable(path: Path) -> None:
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise ManifestError((f"{path}: is a folder: name the manifest's file",))
    if not stat.S_ISREG(found.st_mode):
        raise ManifestError((f"{path}: is no regular file, and is to be read twice: save it",))
    if found.st_size > FILE_MAX:
        raise ManifestError((f"{path}: is larger than {FILE_MAX >> 30} GiB: split it",))
