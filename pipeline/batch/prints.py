"""Fingerprints seen, in 8 bytes each and a little."""

from __future__ import annotations

from array import array
from collections import defaultdict
from functools import partial

_BUCKET = 4  # hex digits that choose a bucket
_KEPT = _BUCKET + 16  # and up to here what is kept in it


class Prints:
    """A set of fingerprints by their first 80 bits: among a million two meet once in 10¹² times."""

    def __init__(self) -> None:
        self._buckets: defaultdict[str, array[int]] = defaultdict(partial(array, "Q"))

    def add(self, fingerprint: str) -> None:
        """Take one in."""
        if not self.has(fingerprint):
            self._buckets[fingerprint[:_BUCKET]].append(int(fingerprint[_BUCKET:_KEPT], 16))

    def has(self, fingerprint: str) -> bool:
        """Tell whether it was taken in."""
        bucket = self._buckets.get(fingerprint[:_BUCKET])
        return bucket is not None and int(fingerprint[_BUCKET:_KEPT], 16) in bucket
