"""What an answer is, by its first bytes."""

from __future__ import annotations

import re
from enum import StrEnum

HEAD_BYTES = 512
"""As many first bytes as `sniff` ever looks at."""


class Format(StrEnum):
    """What bytes begin as. Only GLB, PLY and ZIP can be results."""

    GLB = "glb"
    PLY = "ply"
    ZIP = "zip"
    JSON = "json"
    HTML = "html"
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    KTX2 = "ktx2"
    GZIP = "gzip"
    BASE64 = "base64"


MODELS = (Format.GLB, Format.PLY)
"""What a result is, once it is unwrapped; the better first."""

_SIGNATURES = (
    (re.compile(rb"glTF"), Format.GLB),
    (re.compile(rb"ply\r?\n"), Format.PLY),
    (re.compile(rb"PK(\x03\x04|\x05\x06)"), Format.ZIP),
    (re.compile(rb"\xff\xd8\xff"), Format.JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), Format.PNG),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), Format.WEBP),
    (re.compile(rb"\xabKTX 20\xbb\r\n\x1a\n"), Format.KTX2),
    (re.compile(rb"\x1f\x8b"), Format.GZIP),
    (re.compile(rb"(\xef\xbb\xbf)?\s*[{\[\"]"), Format.JSON),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<[a-z!?/]", re.IGNORECASE), Format.HTML),
    # the base64 of glTF, of ply, and of PK\x03
    (
        re.compile(rb"\s*(data:[^,\s]*;base64,)?(Z2xURg|cGx5|UEsDB)[A-Za-z0-9+/=_\s-]*\Z"),
        Format.BASE64,
    ),
)


def sniff(head: bytes) -> Format | None:
    """Name what `head` is the beginning of; None for anything else, and for nothing.

    Looks at `HEAD_BYTES` at most. HTML is any markup, XML too; BASE64 is the text of a GLB, PLY
    or ZIP, with or without `data:…;base64,` before it. Says nothing about what follows the head.
    """
    head = head[:HEAD_BYTES]
    return next((name for pattern, name in _SIGNATURES if pattern.match(head)), None)


def falls_short(head: bytes, size: int) -> bool:
    """Tell whether a file of `size` bytes is a GLB that was cut: its header claims more.

    glTF 2.0, section 4.4.2: `length` is the total length, header included.
    """
    return head[:4] == b"glTF" and len(head) >= 12 and int.from_bytes(head[8:12], "little") > size
