"""The top of a manifest: its sections one by one, its jobs one by one, in the order of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pipeline.manifest.builder import Builder, OpenMapping, unwanted
from pipeline.manifest.events import Events, place_of
from pipeline.manifest.faults import START, EndOfReadingError, Faults, Path, Place, suggestion
from pipeline.manifest.nodes import Node, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.manifest.source import Source

SECTIONS: Final = (
    "version",
    "api",
    "limits",
    "budget",
    "inputs",
    "reconcile",
    "safety",
    "output",
    "defaults",
    "jobs",
)
"""The keys of a manifest."""

LATER: Final = ("sources", "quality", "notify")
"""Keys whose meaning is settled and whose work is still to be done."""

_EMPTY: Final = "the file is empty: a manifest needs `output` and `jobs`"
_NOT_A_MAPPING: Final = "the file must be a mapping with keys such as `output` and `jobs`"
_JOBS_WANTED: Final = "must be a list of jobs: `- image: photos/mug.jpg`"


class Section(NamedTuple):
    """A section, with the place of its key."""

    name: str
    place: Place
    node: Node


class Item(NamedTuple):
    """A job, with its place in the list, counted from 0."""

    number: int
    node: Node


class End(NamedTuple):
    """The end of a whole document: where it began, and the keys it has."""

    place: Place
    seen: frozenset[str]


Part: TypeAlias = Section | Item | End


def parts(source: Source, faults: Faults) -> Iterator[Part]:
    """Give sections and jobs as they come, then the end; tell what is wrong with their order.

    Raises `EndOfReadingError` where nothing further can be read.
    """
    events = Events(source)
    start = _top(events)
    document = _Document(events, faults, start)
    yield from document.parts()
    events.next()
    if not isinstance(event := events.next(), StreamEndEvent):
        raise EndOfReadingError(
            place_of(event.start_mark), "a second document begins here: keep one to a file"
        )
    yield End(place_of(start.start_mark), frozenset(document.seen))


def _top(events: Events) -> Event:
    events.next()
    if not isinstance(events.next(), DocumentStartEvent):
        raise EndOfReadingError(START, _EMPTY)
    start = events.next()
    if not isinstance(start, MappingStartEvent):
        empty = isinstance(start, ScalarEvent) and not start.value
        raise EndOfReadingError(place_of(start.start_mark), _EMPTY if empty else _NOT_A_MAPPING)
    return start


class _Document:
    def __init__(self, events: Events, faults: Faults, start: Event) -> None:
        self._events = events
        self._faults = faults
        self._start = start
        self._place = place_of(start.start_mark)
        self._builder = Builder(events, faults)
        self.seen: set[str] = set()

    def parts(self) -> Iterator[Part]:
        self._refuse_decoration(self._start, ())
        top = OpenMapping(self._place)
        while not isinstance(event := self._events.next(), MappingEndEvent):
            before = len(self._faults)
            if isinstance(event, ScalarEvent):
                self._builder.key(event, top)
                self.seen.add(event.value)
            else:
                self._builder.broken_key(event, top, ())
                if not isinstance(event, AliasEvent):
                    self._builder.node(event, ())
            name, place = top.step or "", place_of(event.start_mark)
            if len(self._faults) == before and name not in SECTIONS:
                self._faults.add(place, (name,), _stranger(name))
            yield from self._value(name, place, wanted=len(self._faults) == before)
            top.step = None
        if not self.seen.intersection(("jobs", "sources")):
            self._faults.add(self._place, ("jobs",), f"is missing: it {_JOBS_WANTED}")

    def _value(self, name: str, place: Place, *, wanted: bool) -> Iterator[Part]:
        event = self._events.next()
        if wanted and name == "jobs" and isinstance(event, SequenceStartEvent):
            self._refuse_decoration(event, (name,))
            yield from self._jobs(place_of(event.start_mark))
            return
        node = self._builder.node(event, (name,))
        if not wanted:
            return
        if name == "jobs":
            self._faults.add(node.place, (name,), f"{_JOBS_WANTED}, not {shown(node)}")
        else:
            yield Section(name, place, node)

    def _refuse_decoration(self, event: Event, path: Path) -> None:
        if problem := unwanted(event):
            self._faults.add(place_of(event.start_mark), path, problem)

    def _jobs(self, place: Place) -> Iterator[Item]:
        index = 0
        while not isinstance(event := self._events.next(), SequenceEndEvent):
            yield Item(index, self._builder.node(event, ("jobs", index)))
            index += 1
        if not index:
            self._faults.add(place, ("jobs",), f"is empty: it {_JOBS_WANTED}")


def _stranger(name: str) -> str:
    if name in LATER:
        return "is not supported yet"
    return f"is no key of a manifest{suggestion(name, SECTIONS)}"
