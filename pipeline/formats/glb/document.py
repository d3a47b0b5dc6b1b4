"""The JSON chunk, parsed within bounds and read by type."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pipeline.errors import FormatError
from pipeline.formats.summary import shown

if TYPE_CHECKING:
    from pipeline.model import Json

MAX_VALUES = 500_000
"""Parsed JSON takes up to 100 bytes a value, against 2 in the text."""

_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Item:
    """An object of the document; `where` names it in messages, empty for the document itself.

    Getters raise FormatError where the value is not of the type asked for.
    """

    where: str
    fields: dict[str, Json]

    def path(self, key: str) -> str:
        """Name a field in messages."""
        return f"{self.where}.{key}" if self.where else key

    def integer(self, key: str, *, least: int = 0, default: int | None = None) -> int:
        """Read an integer of at least `least`; without a default it must be there."""
        value = self.fields.get(key, default)
        if type(value) is not int or value < least:
            raise FormatError(
                f"{self.path(key)} is {shown(value)}, not an integer of {least} or more"
            )
        return value

    def index(self, key: str) -> int | None:
        """Read a reference to something else; `check_references` has seen to its range."""
        return self.integer(key) if key in self.fields else None

    def flag(self, key: str) -> bool:
        """Read a boolean, false by default."""
        value = self.fields.get(key, False)
        if not isinstance(value, bool):
            raise FormatError(f"{self.path(key)} is {shown(value)}, not true or false")
        return value

    def text(self, key: str) -> str:
        """Read a string, empty by default."""
        value = self.fields.get(key, "")
        if not isinstance(value, str):
            raise FormatError(f"{self.path(key)} is {shown(value)}, not a string")
        return value

    def array(self, key: str) -> list[Json]:
        """Read an array, empty by default."""
        value = self.fields.get(key, [])
        if not isinstance(value, list):
            raise FormatError(f"{self.path(key)} is {shown(value)}, not an array")
        return value

    def texts(self, key: str) -> list[str]:
        """Read an array of strings, empty by default."""
        values = self.array(key)
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self.path(key)} holds something that is not a string")
        return cast("list[str]", values)

    def item(self, key: str) -> Item | None:
        """Read an object, None where it is absent."""
        return _item(self.fields[key], self.path(key)) if key in self.fields else None

    def items(self, key: str) -> list[Item]:
        """Read an array of objects, empty by default."""
        path = self.path(key)
        return [_item(value, f"{path}[{at}]") for at, value in enumerate(self.array(key))]

    def extension(self, *names: str) -> Item | None:
        """Read the first of these extensions that the object has."""
        extensions = self.item("extensions")
        if extensions is None:
            return None
        return next((extensions.item(name) for name in names if name in extensions.fields), None)


def parse(chunk: bytes) -> Item:
    """Parse the JSON chunk of a glTF 2 asset.

    Refused are text that is not UTF-8 or not JSON, NaN and infinities, nesting deeper than the
    parser goes, more than `MAX_VALUES` values, and any `asset.version` but 2.x.
    """
    if sum(chunk.count(mark) for mark in b"[{,") > MAX_VALUES:
        raise FormatError(f"the JSON chunk holds more than {MAX_VALUES:,} values")
    try:
        value = json.loads(
            chunk.decode(), parse_int=_number, parse_float=_number, parse_constant=_number
        )
    except RecursionError as error:
        raise FormatError("the JSON chunk is nested too deep") from error
    except ValueError as error:
        raise FormatError(f"the JSON chunk cannot be read: {shown(str(error))[1:-1]}") from error
    document = _item(value, "")
    asset = document.item("asset")
    version = asset.text("version") if asset else ""
    if not re.fullmatch(r"2\.\d{1,9}", version):
        raise FormatError(f"asset.version is {shown(version)}, only 2.x is known")
    return document


def _item(value: Json, where: str) -> Item:
    if not isinstance(value, dict):
        raise FormatError(f"{where or 'the document'} is {shown(value)}, not an object")
    return Item(where, value)


def _number(text: str) -> float:
    """Read a number; integers may be written 1.0 or 1e2, and end at 2**53 (glTF 2.0, section 2)."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return int(value) if value.is_integer() and abs(value) < _EXACT else value
