"""Bodies of answers, read without trust: JSON of any kind, and what they say went wrong."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEEPEST = 4
_MESSAGE_LENGTH = 300
_MOST_VALUES = 200_000
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")
_TAG = re.compile(r"<[^<>]*>")


def json_value(body: bytes | str) -> Any:
    """Read JSON; None for what is none, however it is broken or nested.

    Nor is what has more values than any answer: 30 MiB of `[0,0,…` become 400 MiB of them.
    """
    if body.count(b"," if isinstance(body, bytes) else ",") > _MOST_VALUES:  # type: ignore[arg-type]
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def json_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; an empty one for anything else."""
    if not _OBJECT.match(body):
        return {}
    value = json_value(body)
    return value if isinstance(value, dict) else {}


def error_text(answer: Mapping[str, Any], body: bytes) -> str:
    """Give what an answer says went wrong, as one short line."""
    said = _said(answer)
    if said or answer or b"\x00" in body[:1024]:
        return one_line(said)
    return one_line(unescape(_TAG.sub(" ", body[:4096].decode("utf-8", "replace"))))


def _said(answer: Mapping[str, Any], depth: int = 0) -> str:
    for key in ("error_description", "error", "message", "detail", "details"):
        said = answer.get(key)
        if isinstance(said, dict) and depth < _DEEPEST:
            said = _said(said, depth + 1) or said
        if said:
            return said if isinstance(said, str) else dumped(said)
    return ""


def dumped(value: object) -> str:
    """Write JSON; a few words for what is nested too deep to be written."""
    try:
        return json.dumps(value)
    except RecursionError:
        return "nested too deep"


def one_line(text: str) -> str:
    """Make a server's text fit for a terminal and the ledger: one short, printable line."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * _MESSAGE_LENGTH])
    line = " ".join(printable.split())
    return line if len(line) <= _MESSAGE_LENGTH else line[: _MESSAGE_LENGTH - 1] + "…"
