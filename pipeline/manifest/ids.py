"""Which jobs share an id, found in a few bytes a job."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pipeline.manifest.faults import Place

if TYPE_CHECKING:
    from pipeline.manifest.faults import Faults

_COLUMN_BITS: Final = 32


class Ids:
    """The ids seen: of each a hash, and where it stands.

    Ids that differ only in case count as equal: some disks take their files for one. The hash is
    Python's own of 64 bits, keyed anew in every process: no text can be made to collide, and by
    chance a million ids do so once in 37 million manifests.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._places = array("Q")
        self._indices = array("q")

    def add(self, identity: str, index: int, place: Place, *, stated: bool) -> None:
        """Note the id of the job at `index`; `stated`, or made of its picture's name."""
        self._hashes.append(hash(identity.lower()))
        self._places.append(place.line << _COLUMN_BITS | place.column)
        self._indices.append(index if stated else ~index)

    def tell_equal(self, faults: Faults) -> None:
        """Tell of every id that stands earlier in the file too."""
        equal = {one for one, other in pairwise(sorted(self._hashes)) if one == other}
        firsts: dict[int, str] = {}
        for value, packed, index in zip(self._hashes, self._places, self._indices, strict=True):
            if value not in equal:
                continue
            place = Place(packed >> _COLUMN_BITS, packed & ((1 << _COLUMN_BITS) - 1))
            if first := firsts.get(value):
                _tell(faults, place, index, first)
            else:
                firsts[value] = f"jobs[{max(index, ~index)}] in line {place.line}"


def _tell(faults: Faults, place: Place, index: int, first: str) -> None:
    if index >= 0:
        message = f"{first} has this id too: ids must differ in more than case"
        faults.add(place, ("jobs", index, "id"), message)
    else:
        message = f"{first} has the id that its picture's name makes: state an `id`"
        faults.add(place, ("jobs", ~index), message)
