"""Events to nodes, one value at a time: what a manifest needs of YAML, and nothing that hides.

Anchors, aliases, merge keys and tags are refused. Depth and size are bounded as events arrive;
nothing here or in the parser recurses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from yaml.events import AliasEvent, CollectionStartEvent, Event, MappingStartEvent, ScalarEvent

from pipeline.manifest.events import place_of
from pipeline.manifest.faults import EndOfReadingError, WrongValueError
from pipeline.manifest.nodes import BROKEN, Entry, Mapping, Node, Scalar, Sequence
from pipeline.manifest.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.manifest.events import Events
    from pipeline.manifest.faults import Faults, Path, Place
    from pipeline.manifest.nodes import Broken
    from pipeline.manifest.scalars import Plain

DEPTH_MAX: Final = 16
"""Levels of mappings and lists, the top one counted."""

TEXT_MAX: Final = 64 << 10
"""Characters of one text; data URIs have only the parser's own bound."""

ROOM_MAX: Final = 80 << 20
"""What one section or job may take: its characters, and 1 KiB for each value."""

MERGE: Final = "<<"
"""YAML 1.1's merge key: stands broken in the mapping it would add to."""

_NODE_ROOM: Final = 1 << 10
_MERGE: Final = "merge keys (`<<`) are not supported: put common fields into `defaults`"
_ALIAS: Final = "aliases (`*name`) are not supported: repeat the value, or use `defaults`"
_ANCHOR: Final = "anchors (`&name`) are not supported: remove it"
_KEY: Final = "a key must be text, not a list, a mapping or an alias"
_TAG: Final = "tags (`!name`) are not supported: remove it; quotes make a value text"


class OpenMapping:
    """A mapping whose end is still to come: knows its keys, and which one awaits a value."""

    def __init__(self, place: Place, *, tagged: bool = False) -> None:
        self.node = Mapping({}, place)
        self.tagged = tagged
        self.step: str | None = None
        self._places: dict[str, Place] = {}
        self._dropped = False

    def begin(self, key: str, place: Place, *, plain: bool) -> str | None:
        """Take a key; say what is wrong with it, if anything: its value is then dropped."""
        self.step = key
        first = self._places.setdefault(key, place)
        self._dropped = first is not place
        if plain and key == MERGE:
            self._dropped = True
            self.node.entries[key] = Entry(place, Scalar(BROKEN, "", place))
            return _MERGE
        return f"the key stands twice: first in line {first.line}" if self._dropped else None

    def begin_broken(self) -> None:
        """Take a key that is no text."""
        self.step, self._dropped = "", True

    def take(self, node: Node) -> None:
        """Take what stands at the key (or, where a mapping or list is the key, that)."""
        if self.step is None:
            self.begin_broken()
            return
        if not self._dropped:
            self.node.entries[self.step] = Entry(self._places[self.step], node)
        self.step = None


class OpenSequence:
    """A list whose end is still to come."""

    def __init__(self, place: Place, *, tagged: bool) -> None:
        self.node = Sequence([], place)
        self.tagged = tagged

    @property
    def step(self) -> int:
        """The place in the list that the next item takes."""
        return len(self.node.items)

    def take(self, node: Node) -> None:
        """Take the next item."""
        self.node.items.append(node)


class Builder:
    """Builds one node after another from the same events."""

    def __init__(self, events: Events, faults: Faults) -> None:
        self._events = events
        self._faults = faults
        self._open: list[OpenMapping | OpenSequence] = []
        self._base: Path = ()

    def node(self, event: Event, path: Path) -> Node:
        """Build the node that begins with this event and stands at `path`; read to its end."""
        self._base, self._open = path, []
        room = ROOM_MAX
        while True:
            room -= _NODE_ROOM
            done: Node | None = None
            if isinstance(event, ScalarEvent):
                room -= len(event.value)
                done = self._scalar(event)
            elif isinstance(event, CollectionStartEvent):
                self._enter(event)
            elif isinstance(event, AliasEvent):
                done = self._alias(event)
            else:
                done = _closed(self._open.pop())
            if done is not None:
                if not self._open:
                    return done
                self._open[-1].take(done)
            if room < 0:
                raise EndOfReadingError(
                    place_of(event.start_mark), f"is larger than {ROOM_MAX >> 20} MiB", path
                )
            event = self._events.next()

    def key(
        self, event: ScalarEvent, mapping: OpenMapping, path: Callable[[], Path] = tuple
    ) -> None:
        """Let a mapping at `path` take a key, and tell what is wrong with it."""
        place, name = place_of(event.start_mark), event.value
        if problem := _improper(name):
            mapping.begin_broken()
            self._faults.add(place, path(), problem)
        elif problem := mapping.begin(name, place, plain=event.implicit[0]) or unwanted(event):
            self._faults.add(place, (*path(), name), problem)

    def broken_key(self, event: Event, mapping: OpenMapping, path: Path) -> None:
        """Let a mapping at `path` take a key that is no text, and tell."""
        mapping.begin_broken()
        self._faults.add(place_of(event.start_mark), path, _KEY)

    def _path(self) -> Path:
        return self._base + tuple(open_.step for open_ in self._open if open_.step is not None)

    def _above(self) -> Path:
        """Give the path of the innermost mapping or list: known only where it is asked for."""
        return self._base + tuple(open_.step for open_ in self._open[:-1] if open_.step is not None)

    def _keyless(self) -> OpenMapping | None:
        """Give the innermost mapping, if it is a key that comes next."""
        if self._open and isinstance(last := self._open[-1], OpenMapping) and last.step is None:
            return last
        return None

    def _scalar(self, event: ScalarEvent) -> Scalar | None:
        if mapping := self._keyless():
            self.key(event, mapping, self._above)
            return None
        text, place = event.value, place_of(event.start_mark)
        value: Plain | Broken = text
        problem = _improper(text)
        if problem is None and event.implicit[0]:
            try:
                value = resolve(text)
            except WrongValueError as error:
                problem = str(error)
        if problem := problem or unwanted(event):
            self._faults.add(place, self._path(), problem)
            value = BROKEN
        return Scalar(value, text, place)

    def _alias(self, event: AliasEvent) -> Scalar | None:
        place, path = place_of(event.start_mark), self._path()
        if path[-1:] != (MERGE,):
            self._faults.add(place, path, _ALIAS)
        if mapping := self._keyless():
            mapping.begin_broken()
            return None
        return Scalar(BROKEN, "", place)

    def _enter(self, event: CollectionStartEvent) -> None:
        place, path = place_of(event.start_mark), self._path()
        if len(path) >= DEPTH_MAX:
            raise EndOfReadingError(place, f"is nested deeper than {DEPTH_MAX} levels", path)
        if mapping := self._keyless():
            self.broken_key(event, mapping, path)
        if problem := unwanted(event):
            self._faults.add(place, path, problem)
        kind = OpenMapping if isinstance(event, MappingStartEvent) else OpenSequence
        self._open.append(kind(place, tagged=event.tag is not None))


def _closed(done: OpenMapping | OpenSequence) -> Node:
    return Scalar(BROKEN, "", done.node.place) if done.tagged else done.node


def unwanted(event: Any) -> str | None:
    """Say what a value or key carries that a manifest does not know."""
    if event.tag is not None:
        return _TAG
    return _ANCHOR if event.anchor is not None else None


def _improper(text: str) -> str | None:
    if len(text) > TEXT_MAX and not text.startswith("data:"):
        return f"is longer than {TEXT_MAX >> 10} KiB"
    return "holds a NUL character: remove it" if "\0" in text else None
