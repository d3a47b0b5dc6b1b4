"""A result file is judged: it is what it begins as, and whole, or it is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats import archive, glb, ply
from pipeline.formats.magic import HEAD_BYTES, Format, sniff
from pipeline.formats.summary import Summary, shown

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


def verify(path: Path) -> Summary:
    """Check a GLB, PLY or ZIP from end to end, by its own bytes, whatever its name.

    Takes time linear in the file's size and holds a few MB, whatever the file claims; the JSON of
    a GLB, within its own limits, may take 100 MB at worst. Raises FormatError (`bad_result`) with
    one sentence, without the path, on what is wrong and where; OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        return verify_open(file, os.fstat(file.fileno()).st_size)


def verify_open(file: BinaryIO, size: int) -> Summary:
    """Check a file of `size` bytes as `verify` does; it stands at its beginning."""
    head = file.read(HEAD_BYTES)
    found = sniff(head)
    match found:
        case Format.GLB:
            return glb.check(file, size)
        case Format.PLY:
            return ply.check(file, size)
        case Format.ZIP:
            return archive.check(file, size)
        case None:
            raise FormatError(_unknown(head))
        case _:
            raise FormatError(f"it begins as {found.name}, not as a GLB, PLY or ZIP")


def _unknown(head: bytes) -> str:
    if not head:
        return "it is empty"
    return f"it begins with {shown(head[:16])}, not as a GLB, PLY or ZIP"
