"""Which jobs share an id, found in a few bytes a job."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final

from pipeline.manifest.faults import Place
from pipeline.manifest.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.manifest.faults import Faults

_PARTS: Final = 256  # sorted into so many, so that no step takes more than a part into memory


class Ids:
    """The ids seen: of each 8 bytes in memory, a hash; the id and its place are set aside.

    Ids that differ only in case count as equal: some disks take their files for one. Where hashes
    are equal the ids themselves are compared, so any hash will do; Python's own is keyed anew in
    every process, and no text can be made to collide.
    """

    def __init__(self, hashed: Callable[[str], int] = hash) -> None:
        self._hashed = hashed
        self._hashes = [array("q") for _ in range(_PARTS)]
        self._log = Scratch()

    def add(self, identity: str, index: int, place: Place, *, stated: bool) -> None:
        """Note the id of the job at `index`; `stated`, or made of its picture's name."""
        value = self._hashed(identity.lower())
        self._hashes[value % _PARTS].append(value)
        told = index if stated else ~index
        self._log.add(b"%s %d %d %d\n" % (identity.encode(), *place, told))

    def tell_equal(self, faults: Faults) -> None:
        """Tell of every id that stands earlier in the file too."""
        suspects = {value for part in self._hashes for value in _repeated(part)}
        firsts: dict[str, str] = {}
        for line in self._log.lines() if suspects else ():
            identity, *numbers = line.decode().lower().split(" ")
            if self._hashed(identity) not in suspects:
                continue
            row, column, index = map(int, numbers)
            if first := firsts.get(identity):
                _tell(faults, Place(row, column), index, first)
            else:
                firsts[identity] = f"jobs[{max(index, ~index)}] in line {row}"


def _repeated(hashes: array[int]) -> Iterator[int]:
    if len(set(hashes)) < len(hashes):
        yield from (value for value, times in Counter(hashes).items() if times > 1)


def _tell(faults: Faults, place: Place, index: int, first: str) -> None:
    if index >= 0:
        message = f"{first} has this id too: ids must differ in more than case"
        faults.add(place, ("jobs", index, "id"), message)
    else:
        message = f"{first} has the id that its picture's name makes: state an `id`"
        faults.add(place, ("jobs", ~index), message)
