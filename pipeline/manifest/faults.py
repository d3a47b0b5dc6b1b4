"""What is wrong with a manifest, collected with its place, told all at once."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = tuple[str | int, ...]
"""The way from the top of a manifest to a value: keys, and places in lists counted from 0."""

SHOWN: Final = 100
"""Faults that are told one by one; of the others only the number is told."""

_KEPT: Final = 10 * SHOWN
_CLIP: Final = 60
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_SECRET: Final = re.compile(r"SG_[A-Za-z0-9]+")


class Place(NamedTuple):
    """A line and a column, both counted from 1; a tuple, because every value read has one."""

    line: int
    column: int


_PLACE: Final = attrgetter("place")
START: Final = Place(1, 1)


class Fault(NamedTuple):
    """One fault."""

    place: Place
    path: Path
    message: str


class EndOfReadingError(Exception):
    """The text cannot be read any further; what was found before it stands."""

    def __init__(self, place: Place, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.fault = Fault(place, path, message)


class WrongValueError(ValueError):
    """A value is refused: why, and where inside the value (`at`)."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(slots=True)
class Faults:
    """The faults of the file the user named as `file`; memory stays bounded however many come."""

    file: str
    _kept: list[Fault] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, place: Place, path: Path, message: str) -> None:
        """Note one fault."""
        self._count += 1
        self._kept.append(Fault(place, path, message))
        if len(self._kept) >= _KEPT:
            self._kept = sorted(self._kept, key=_PLACE)[:SHOWN]

    def merge(self, others: Faults) -> None:
        """Take over the faults of another collection."""
        for fault in others._kept:
            self.add(*fault)
        self._count += others._count - len(others._kept)

    def lines(self) -> Iterable[str]:
        """Give the faults as a user reads them, by line and column; keys of the API are masked."""
        for fault in sorted(self._kept, key=_PLACE)[:SHOWN]:
            said = ": ".join(filter(None, (written(fault.path), fault.message)))
            line, column = fault.place
            yield f"{self.file}:{line}:{column}: {_SECRET.sub('SG_…', said)}"
        if self._count > SHOWN:
            yield f"… and {self._count - SHOWN} more"


def written(path: Path) -> str:
    """Write a path as users read it: `jobs[3].meta.sku`."""
    steps = ""
    for step in path:
        if isinstance(step, int):
            steps += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            steps += f".{step}"
        else:
            steps += f"[{clipped(step)}]"
    return steps.removeprefix(".")


def clipped(text: str) -> str:
    """Quote text as JSON does, with its middle left out where it is long."""
    if len(text) > _CLIP:
        text = f"{text[: _CLIP // 2]}…{text[-_CLIP // 4 :]}"
    return json.dumps(text, ensure_ascii=not text.isprintable())


def suggestion(key: str, known: Iterable[str]) -> str:
    """Go on after "is no key": with the key that was meant, or those there are."""
    names = list(known)
    close = difflib.get_close_matches(key, names, n=1) if len(key) <= _CLIP else []
    return f": did you mean `{close[0]}`?" if close else f"; the keys are {', '.join(names)}"
