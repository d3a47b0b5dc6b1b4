"""A manifest's bytes on their way to the YAML parser: bounded, digested, known to be UTF-8 text."""

from __future__ import annotations

import codecs
import hashlib
import re
from typing import TYPE_CHECKING, BinaryIO, Final

from pipeline.manifest.faults import START, EndOfReadingError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_MAX: Final = 64 << 20
"""Characters the parser may hold for one value or comment: a data URI of a 48 MB picture."""

_BLOCK: Final = 1 << 16
_BOMS: Final = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
# YAML 1.1, section 5.1: the characters a stream may hold.
_FORBIDDEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
# RFC 8259, section 7, escapes what lies beyond U+FFFF as two surrogates; YAML takes one \U. The
# second branch is an escape cut by the end of a block; the third steps over all others whole.
_ESCAPE: Final = re.compile(
    r"\\u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})"
    r"|(?P<cut>\\(?:u.{0,4}(?:\\(?:u.{0,3})?)?)?\Z)|\\.",
    re.DOTALL | re.IGNORECASE,
)


class Source:
    """A stream for a YAML parser.

    `read` gives all that stands before the place where the text stops being text, and only then
    raises `EndOfReadingError`. Whoever takes values from the parser sets `piece` to 0 at each.

    In JSON (a text that begins with `{`) escaped surrogate pairs are rewritten as YAML's escapes:
    columns behind one, on the same line, are two short.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.piece = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0
        self._place = START
        # an empty text would tell the parser that the file ends
        self._texts = filter(None, self._json_aware(self._checked(self._decoded())))

    @property
    def digest(self) -> bytes:
        """The sha256 of the bytes read so far."""
        return self._digest.digest()

    def drain(self) -> None:
        """Read to the end for the digest alone, whatever the rest holds."""
        while block := self._file.read(_BLOCK):
            self._digest.update(block)

    def read(self, _size: int = -1) -> str:
        """Give the next characters, in blocks of our own size; none at the end."""
        text = next(self._texts, "")
        self.piece += len(text)
        if self.piece > PIECE_MAX:
            raise EndOfReadingError(
                self._place,
                f"a value or comment before this place is larger than {PIECE_MAX >> 20} MiB",
            )
        return text

    def _bytes(self) -> Iterator[bytes]:
        while block := self._file.read(_BLOCK):
            self._digest.update(block)
            if not self._size:
                _refuse_other_encodings(block)
            self._size += len(block)
            yield block
        yield b""

    def _decoded(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for block in self._bytes():
            try:
                yield decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                yield error.object[: error.start].decode()
                at = self._size - len(error.object) + error.start + 1
                raise EndOfReadingError(
                    self._place,
                    f"byte {at} of the file is not UTF-8: save the file as UTF-8",
                ) from error

    def _checked(self, texts: Iterator[str]) -> Iterator[str]:
        for number, text in enumerate(texts):
            plain = text.removeprefix("\ufeff") if number == 0 else text
            bad = _FORBIDDEN.search(plain)
            good = plain[: bad.start()] if bad else plain
            self._place = _advanced(self._place, good)
            yield good
            if bad:
                raise EndOfReadingError(self._place, _about(bad[0]))

    def _json_aware(self, texts: Iterator[str]) -> Iterator[str]:
        first = next(texts, "")
        if not first.lstrip().startswith("{"):
            yield first
            yield from texts
            return
        held = ""

        def as_yaml(escape: re.Match[str]) -> str:
            nonlocal held
            if escape["cut"]:
                held = escape["cut"]
                return ""
            return _joined(escape["high"], escape["low"]) if escape["high"] else escape[0]

        yield _ESCAPE.sub(as_yaml, first)
        for text in texts:
            whole, held = held + text, ""
            yield _ESCAPE.sub(as_yaml, whole) if "\\" in whole else whole
        yield held


def _refuse_other_encodings(block: bytes) -> None:
    for bom, name in _BOMS.items():
        if block.startswith(bom):
            raise EndOfReadingError(START, f"the file is {name}: save it as UTF-8")


def _about(character: str) -> str:
    if character == "\0":
        return "a NUL byte: the file is not text, or is UTF-16; save it as UTF-8"
    return f"the control character U+{ord(character):04X} cannot stand in a manifest: remove it"


def _advanced(place: Place, text: str) -> Place:
    if lines := text.count("\n"):
        return Place(place.line + lines, len(text) - text.rindex("\n"))
    return Place(place.line, place.column + len(text))


def _joined(high: str, low: str) -> str:
    return f"\\U{ord(bytes.fromhex(high + low).decode('utf-16-be')):08X}"
