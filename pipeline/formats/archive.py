"""ZIP archives: every member named safely, of bounded size, and true to its checksum.

Structure after PKWARE's APPNOTE 6.3, sections 4.3 and 4.4.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import FormatError
from pipeline.formats.magic import HEAD_BYTES, Format, sniff
from pipeline.formats.source import BLOCK
from pipeline.formats.summary import Summary, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

MAX_MEMBERS = 1_000
MAX_TOTAL = 1 << 30
"""Bytes of all members together, unpacked."""

MAX_RATIO = 200
FREE_TOTAL = 64 << 20
"""Unpacked bytes to which no ratio applies: masks of one colour pack a thousandfold."""

_MAX_DIRECTORY = 1 << 20
_MAX_NAME = 255
_UNSAFE = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\\|^[A-Za-z]:")
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MAGIC = b"PK\x06\x07"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA allocates by what a header claims
# what zipfile raises for archives that are broken, encrypted, or compressed in a way it lacks
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, its unpacked size, and what it begins as."""

    name: str
    bytes: int
    format: Format | None


def check(file: BinaryIO, size: int) -> Summary:
    """Unpack every member into nothing, checking names, sizes and checksums.

    What the members hold is not verified, and archives among them are not opened.
    """
    with _opened(file, size) as (archive, infos):
        for info in infos:
            for _ in _pieces(archive, info):
                pass
        return Summary(Format.ZIP, size, members=len(infos))


def members(path: Path) -> tuple[Member, ...]:
    """List an archive's files; folders are left out, checksums left to `verify`.

    Raises FormatError as `verify` would for names, sizes and structure.
    """
    with path.open("rb") as file, _opened(file, _size(file)) as (archive, infos):
        return tuple(
            Member(info.filename, info.file_size, sniff(_head(archive, info))) for info in infos
        )


def extract(path: Path, member_name: str, sink: BinaryIO) -> int:
    """Unpack one member into `sink`, which chooses its own name, and return the bytes written.

    Raises FormatError if there is no such member or it is damaged; `sink` then holds what came
    before the damage. OSError of the sink passes.
    """
    with path.open("rb") as file, _opened(file, _size(file)) as (archive, infos):
        info = next((info for info in infos if info.filename == member_name), None)
        if info is None:
            raise FormatError(f"the archive has no member {shown(member_name)}")
        sink.writelines(_pieces(archive, info))
        return info.file_size


@contextmanager
def _opened(
    file: BinaryIO, size: int
) -> Iterator[tuple[zipfile.ZipFile, tuple[zipfile.ZipInfo, ...]]]:
    _check_end(file, size)
    with _faults("the directory"):
        archive = zipfile.ZipFile(file)
    with archive:
        _check_names(archive.infolist())
        infos = tuple(info for info in archive.infolist() if not info.is_dir())
        _check_sizes(infos, size)
        for info in infos:
            _check_member(info, size)
        yield archive, infos


@contextmanager
def _faults(where: str) -> Iterator[None]:
    try:
        yield
    except _FAULTS as fault:
        raise FormatError(f"{where}: {shown(str(fault))[1:-1]}") from fault


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


def _check_end(file: BinaryIO, size: int) -> None:
    """Bound the directory before `zipfile` reads it whole."""
    tail = min(size, _LOCATOR.size + _END.size + 0xFFFF)
    file.seek(size - tail)
    data = file.read(tail)
    at = data.rfind(_END_MAGIC, 0, len(data) - _END.size + len(_END_MAGIC))
    if at < 0:
        raise FormatError(f"the ZIP's end record is missing from its {size:,} bytes: it is cut")
    _, _, _, _, count, length, start, comment = _END.unpack_from(data, at)
    end = size - tail + at
    if end + _END.size + comment != size:
        raise FormatError(
            f"the ZIP's end record ends it at byte {end + _END.size + comment:,}, "
            f"the file has {size:,}"
        )
    if data[max(0, at - _LOCATOR.size) : at].startswith(_LOCATOR_MAGIC):
        raise FormatError("it is a ZIP64 archive: nothing within the limits here needs that")
    if count > MAX_MEMBERS or length > _MAX_DIRECTORY:
        raise FormatError(
            f"its directory lists {count:,} members in {length:,} bytes, "
            f"the limits are {MAX_MEMBERS:,} and {_MAX_DIRECTORY:,}"
        )
    if start + length != end:
        raise FormatError(
            f"the ZIP's directory is said to end at byte {start + length:,}, "
            f"its end record stands at {end:,}"
        )


def _check_sizes(infos: tuple[zipfile.ZipInfo, ...], size: int) -> None:
    if not infos:
        raise FormatError("the archive holds no file")
    total = sum(info.file_size for info in infos)
    limit = min(MAX_TOTAL, max(FREE_TOTAL, MAX_RATIO * size))
    if total > limit:
        raise FormatError(
            f"{size:,} bytes would unpack to {total:,}, the limit is {limit:,}: "
            "it looks like a decompression bomb"
        )


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in infos:
        name = info.orig_filename.removesuffix("/")
        if _UNSAFE.search(name) or len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
            raise FormatError(f"member {shown(name)} would leave the folder it is unpacked to")
        if any(unicodedata.category(letter).startswith("C") for letter in name):
            raise FormatError(f"member {shown(name)} has control characters in its name")
        # folders of some systems hold names apart only by more than case
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise FormatError(f"member {shown(name)} is there twice")
        seen.add(key)


def _check_member(info: zipfile.ZipInfo, size: int) -> None:
    name = shown(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise FormatError(f"member {name} is a link or a device, not a file")
    if info.flag_bits & _ENCRYPTED:
        raise FormatError(f"member {name} is encrypted")
    if info.compress_type not in _METHODS:
        raise FormatError(f"member {name} is packed by method {info.compress_type}, not 0 or 8")
    if info.header_offset + info.compress_size > size:
        raise FormatError(
            f"member {name} is said to reach byte {info.header_offset + info.compress_size:,}, "
            f"the file has {size:,}"
        )


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with _faults(f"member {shown(info.filename)}"), archive.open(info) as stream:
        return stream.read(HEAD_BYTES)


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a member; `zipfile` stops at the size it claims and compares the checksum there."""
    name = shown(info.filename)
    count = 0
    with _faults(f"member {name}"), archive.open(info) as stream:
        while piece := stream.read(BLOCK):
            count += len(piece)
            yield piece
    if count != info.file_size:
        raise FormatError(
            f"member {name} is said to have {info.file_size:,} bytes, it unpacks to {count:,}"
        )
