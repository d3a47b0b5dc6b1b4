"""Plain scalars: what `42`, `true`, `NO` and `0123` mean. One rule, JSON's.

A plain scalar is a number exactly where JSON reads a number (RFC 8259, section 6): `42`, `-0.5`,
`1e5`. `true` and `false` are booleans; `null`, `~` and nothing at all are null. All else is text:
`NO`, `0123`, `+1`, `.5`, `1.`, `0x10`, `1_000`, `1:30`, `2024-01-01`, `.inf`. Quotes make text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Final, TypeAlias

from pipeline.manifest.faults import WrongValueError

Plain: TypeAlias = str | int | Decimal | bool | None

NUMBER_MAX: Final = 64
"""Characters of a number: longer ones are codes, and belong in quotes."""

_WORDS: Final[dict[str, Plain]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def resolve(text: str) -> Plain:
    """Read a plain scalar; numbers with a point or an exponent come as exact decimals."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if len(text) > NUMBER_MAX:
        raise WrongValueError(f"is a number of more than {NUMBER_MAX} characters: quote it")
    if number[1] is None and number[2] is None:
        return int(text)
    return _in_range(text)


def _in_range(text: str) -> Decimal:
    """Keep exponents to those of a float, so that no later step is asked for 10 ** 999999999."""
    number = float(text)
    if number == 0 and not re.search("[1-9]", re.split("[eE]", text)[0]):
        return Decimal(0)
    if number == 0 or not isfinite(number):
        raise WrongValueError(f"the number {text} is out of range: quote it if it is text")
    return Decimal(text)
