"""The jobs of a manifest, kept for later commands: a text that did not change is not parsed again.

The file is a cache: deleting it costs nothing but time. One that is damaged, of another text or
another version of the program is not used, and replaced by the next command that parses the text.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import pydantic
import yaml

from pipeline.errors import UsageError
from pipeline.manifest.scratch import Scratch
from pipeline.manifest.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

KEPT_FROM: Final = 1000
"""Jobs from which a manifest's are kept: fewer are parsed in no time."""

_FORMAT: Final = "catalog3d-jobs-1"
_DIGITS: Final = 64  # of a sha256
_HEAD_MAX: Final = 1 << 10


def keep(path: Path, text: bytes, count: int, spool: Spool) -> None:
    """Keep `count` jobs of the text with this sha256, at once or not at all.

    Does nothing where the folder is not there, or cannot be written.
    """
    with suppress(OSError):
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                written = os.fstat(handle)
                head = f"{_bond(text, written.st_ino)} {count}\n".encode()
                digest = hashlib.sha256(head)
                file.write(b" " * _DIGITS + b"\n" + head)
                for block in spool.scratch.blocks():
                    digest.update(block)
                    file.write(block)
                file.seek(0)
                file.write(digest.hexdigest().encode())
            os.replace(temporary, path)  # noqa: PTH105 - a name, not a path
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108 - as above
            raise


def kept(path: Path, text: bytes) -> tuple[Spool, int] | None:
    """Give what was kept of the text with this sha256, and the number of its jobs."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    found = os.fstat(handle)
    scratch = Scratch(handle, _DIGITS + 1, found.st_size)  # closes the handle
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        return None
    try:
        stated = os.pread(handle, _DIGITS, 0)
        head = os.pread(handle, _HEAD_MAX, _DIGITS + 1).partition(b"\n")[0]
        bond, _, count = head.decode("ascii", "replace").rpartition(" ")
        whole = bond == _bond(text, found.st_ino) and _digest(scratch) == stated
    except (OSError, UsageError):  # it fails, or was cut just now
        return None
    if not whole:
        return None
    scratch.skip(len(head) + 1)
    return Spool(scratch), int(count)


def _digest(scratch: Scratch) -> bytes:
    digest = hashlib.sha256()
    for block in scratch.blocks():
        digest.update(block)
    return digest.hexdigest().encode()


def _bond(text: bytes, inode: int) -> str:
    """Name what a kept file must be of: the text, this very program, and the file itself.

    With its own inode a file that came from elsewhere, in an archive or a checkout, is none: its
    jobs would be bought, and nobody would have read them in the manifest.
    """
    return f"{_FORMAT} {_program()} {text.hex()} {inode}"


@cache
def _program() -> str:
    """Name the program that tells right jobs from wrong ones: its own text, and what it stands on.

    A version's number would not do: it stays the same from one change of the program to the next.
    """
    digest = hashlib.sha256(f"{sys.version} {yaml.__version__} {pydantic.VERSION}".encode())
    parts = files("pipeline.manifest").iterdir()
    for part in [files("pipeline") / "model.py", *sorted(parts, key=lambda part: part.name)]:
        if part.name.endswith(".py"):
            digest.update(part.read_bytes())
    return digest.hexdigest()
