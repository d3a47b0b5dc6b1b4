"""A picture's source bytes: a path relative to the manifest, or a data URI."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pybase64

from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 64 << 20
"""The most a picture's file may have, in bytes."""

_DATA_URI = "data:"
_NAME_LENGTH = 200
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # a pipe is not waited for


def read_source(folder: Path, source: str) -> bytes:
    """Read a picture's bytes, as they are. Raises InputError."""
    if source.startswith(_DATA_URI):
        data = _data_uri(source)
    else:
        data = _file(path_of(folder, source), source)
    if not data:
        raise InputError(f"{name_of(source)}: the file is empty", kind="not_an_image")
    if len(data) > LARGEST:
        raise _too_large(source)
    return data


def path_of(folder: Path, source: str) -> str:
    """Give the path of a picture's file; a slash at its end means nothing."""
    return os.path.join(folder, source.rstrip("/"))  # noqa: PTH118 - a third of pathlib's time


def name_of(source: str) -> str:
    """Name a source in a message; a data URI can have megabytes."""
    if source.startswith(_DATA_URI):
        return "data URI"
    return source if len(source) <= _NAME_LENGTH else f"{source[: _NAME_LENGTH - 1]}…"


def _file(path: str, source: str) -> bytes:
    try:
        file = os.open(path, _FLAGS)
        try:
            return _read(file, path, source)
        finally:
            os.close(file)
    except FileNotFoundError:
        raise InputError(f"{name_of(source)}: no such file ({path})", kind="missing_file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{name_of(source)}: cannot be read ({reason})", kind="missing_file"
        ) from None


def _read(file: int, path: str, source: str) -> bytes:
    """Read a file, or as much as tells that it is too large."""
    found = os.fstat(file)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise InputError(
            f"{name_of(source)}: a pipe or device, not a file ({path})", kind="not_an_image"
        )
    pieces, left = list[bytes](), min(found.st_size or LARGEST, LARGEST) + 1
    while left and (piece := os.read(file, left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _data_uri(source: str) -> bytes:
    head, _, text = source.partition(",")
    if not head.lower().endswith(";base64"):
        raise InputError("data URI: must be base64", kind="not_an_image")
    if len(text) > 2 * LARGEST:
        raise _too_large(source)
    try:
        return pybase64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise InputError(f"data URI: broken base64 ({error})", kind="not_an_image") from None


def _too_large(source: str) -> InputError:
    return InputError(
        f"{name_of(source)}: larger than {LARGEST >> 20} MiB; no model reads that much of a "
        "picture: make it smaller",
        kind="too_large",
    )
