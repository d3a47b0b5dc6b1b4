"""Pictures seen before: not read again while their files are the same.

A cache in a file of its own: deleting it costs nothing but time, and a command that cannot use it
works without. What it gets wrong costs no money either: a picture is read and its fingerprint taken
again before it is bought, so the worst is a changed picture that passes for done.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

import PIL

from pipeline.inputs.sight import Sight, Stamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_FORMAT = 1
_BUSY_SECONDS = 1.0
_SCHEMA = """
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS seen;
CREATE TABLE seen (
    path     TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    sha256   BLOB NOT NULL,
    width    INTEGER NOT NULL,
    height   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {version};
COMMIT;
"""
_RECALL = """
SELECT row.key, size, modified, changed, inode, sha256, width, height
FROM json_each(?) AS row JOIN seen ON seen.path = row.value
"""
_REMEMBER = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Memo:
    """What was seen of the pictures below `folder`, in a database at `path`.

    A file counts as seen while size, times and inode of what its path leads to are what they were,
    and if it had been left alone for a while when it was read. Without a `path` (or a folder for
    it) only what was seen by this command is known. `now` tells the time in ns. For one caller at a
    time, from any thread.
    """

    def __init__(
        self, path: Path | None, folder: Path, now: Callable[[], int] = time.time_ns
    ) -> None:
        self.now = now
        self._path = path if path is not None and path.parent.is_dir() else None
        self._folder = f"{folder}/"
        base = "." if self._path is None else os.path.relpath(folder, self._path.parent)
        # a folder's name may be no UTF-8
        self._base = f"{base}/".encode("utf-8", "backslashreplace").decode()
        self._db: sqlite3.Connection | None = None
        self._open()

    def recall(self, sources: Iterable[str]) -> dict[str, Sight]:
        """Give those of the sources that were seen before, and are the same."""
        known: dict[str, Sight] = {}
        asked = [source for source in sources if not source.startswith("data:")]
        if self._db is None:
            return known
        try:
            for row in self._db.execute(_RECALL, [json.dumps([*map(self._key, asked)])]):
                source = asked[row[0]]
                if stamp_of(_below(self._folder, source)) == row[1:5]:
                    known[source] = Sight(row[5].hex(), row[6], row[7])
        except sqlite3.Error as error:
            self._give_up(error)
        return known

    def remember(self, seen: Iterable[tuple[str, Sight, Stamp]]) -> None:
        """Note what was seen just now of sources whose stamps can be relied on."""
        rows = [
            (self._key(source), *stamp, bytes.fromhex(sight.sha256), sight.width, sight.height)
            for source, sight, stamp in seen
        ]
        if self._db is None:
            return
        try:
            with self._db:
                self._db.executemany(_REMEMBER, rows)
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the database."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _key(self, source: str) -> str:
        return _below(self._base, source)

    def _open(self) -> None:
        database = "" if self._path is None else self._path  # "": SQLite's own temporary file
        try:
            self._db = sqlite3.connect(database, timeout=_BUSY_SECONDS, check_same_thread=False)
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found != _version():
                self._db.executescript(_SCHEMA.format(version=_version()))
            self._db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: sqlite3.Error) -> None:
        """Go on without; a file that is damaged, and not just held or read-only, is taken away."""
        self.close()
        # what is malformed, or no database, raises the class itself; all else one of its own
        damaged = type(error) is sqlite3.DatabaseError
        if damaged and self._path is not None:
            with suppress(OSError):
                for ending in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _below(folder: str, source: str) -> str:
    return source if source.startswith("/") else folder + source


@contextmanager
def remembering(path: Path | None, folder: Path) -> Iterator[Memo]:
    """Open what was seen of a manifest's pictures, for the length of a command."""
    memo = Memo(path, folder)
    try:
        yield memo
    finally:
        memo.close()


@cache
def _version() -> int:
    """Name what makes a sight of a file: another program may see another size, or refuse it."""
    digest = sha256(f"{_FORMAT} {PIL.__version__}".encode())
    for part in ("picture.py", "png.py", "scale.py", "sight.py"):
        digest.update((files("pipeline.inputs") / part).read_bytes())
    return int.from_bytes(digest.digest()[:4]) >> 1
