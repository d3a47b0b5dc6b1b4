"""A manifest's file: validated as a whole once, then read again for its jobs, one at a time."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.errors import ManifestError, UsageError
from pipeline.manifest.ids import Ids
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
from pipeline.manifest.survey import Common, Survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Job

FILE_MAX: Final = 1 << 30
"""Bytes in a manifest."""

Model = TypeVar("Model", bound=Strict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is right: its sections; its jobs stay in the file, `count` of them.

    `path` is resolved.
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
    _common: Common = field(repr=False, compare=False)
    _digest: bytes = field(repr=False)

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

    def jobs(self) -> Iterator[Job]:
        """Read the jobs from the file, in its order, defaults applied, in memory that stays flat.

        Raises UsageError, at the latest in place of the end, if the text is not the one that was
        validated: what was given before is then void.
        """
        survey = Survey(str(self.path), self._common)
        with _opened(self.path) as source:
            yield from survey.jobs(source)
        if survey.faults or source.digest != self._digest:
            raise UsageError(f"{self.path} changed while it was read: start again")


def load(path: Path) -> Manifest:
    """Validate the manifest at a path; its relative paths start at the folder it is in.

    Raises ManifestError with every fault that the text alone can show, the first hundred told,
    each as FILE:LINE:COLUMN with the file named as in `path`.
    """
    survey, digest = _surveyed(path, None)
    if survey.late:
        survey, digest = _surveyed(path, survey.common)
    if survey.faults:
        raise ManifestError(tuple(survey.faults.lines()))
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
        _common=survey.common,
        _digest=digest,
    )


def _below(folder: Path, path: str) -> Path:
    """Join as text: the folder is resolved, and people are shown what comes of it."""
    return Path(os.path.normpath(folder / path))


def _surveyed(path: Path, common: Common | None) -> tuple[Survey, bytes]:
    survey = Survey(str(path), common, Ids())
    with _opened(path) as source:
        for _job in survey.jobs(source):
            pass
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
