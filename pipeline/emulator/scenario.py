"""Faults from a file: which call is struck by what, written down."""

import json
from pathlib import Path
from typing import Any

from .faults import Fault

_MOST_BYTES = 1_000_000
_WHEN = ("at", "every", "rate")


def read(path: Path) -> tuple[Fault, ...]:
    """Read a JSON list of `{"kind", "at": n | [n, …] | "every": n | "rate": r, "value"?}`.

    Raises ValueError, which names the item and what is wrong with it, and OSError.
    """
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(f"{path}: a scenario has at most {_MOST_BYTES} bytes")
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: this is not valid JSON") from None
    if not isinstance(items, list):
        raise ValueError(f"{path}: a scenario is a JSON list of faults")  # noqa: TRY004  a value
    return tuple(_fault(f"{path}: item {number}", item) for number, item in enumerate(items, 1))


def _fault(place: str, item: Any) -> Fault:
    if not isinstance(item, dict) or not isinstance(item.get("kind"), str):
        raise ValueError(f'{place}: give an object with "kind"')  # noqa: TRY004  a value
    unknown = item.keys() - {"kind", "value", *_WHEN}
    if unknown:
        raise ValueError(f"{place}: unknown: {', '.join(sorted(unknown))}")
    if len(item.keys() & set(_WHEN)) != 1:
        raise ValueError(f'{place}: give one of "at", "every" and "rate"')
    value, at = item.get("value"), item.get("at", [])
    try:
        return Fault(
            item["kind"],
            _rate(item.get("rate", 0)),
            frozenset(_ordinal("at", each) for each in (at if isinstance(at, list) else [at])),
            _ordinal("every", item["every"]) if "every" in item else 0,
            None if value is None else str(value),
        )
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from None


def _rate(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError("rate must be a share from 0 to 1")
    return float(value)


def _ordinal(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be the number of a call, from 1 on")
    return value
