from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.manifest.faults import WrongValueError
from pipeline.manifest.scalars import resolve


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_null_has_three_spellings(text: str) -> None:
    assert resolve(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("1000000", 1_000_000),
        ("25.0", Decimal("25.0")),
        ("-0.065", Decimal("-0.065")),
        ("1e5", Decimal(100_000)),
        ("2.5E-3", Decimal("0.0025")),
        ("0e999999999999", Decimal(0)),
        ("true", True),
        ("false", False),
        ("9" * 64, int("9" * 64)),
    ],
)
def test_numbers_and_booleans_are_those_of_json(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (resolved, type(resolved)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "yes",
        "on",
        "True",
        "NULL",
        "0123",
        "-01",
        "+1",
        ".5",
        "1.",
        "0x10",
        "0o7",
        "1_000",
        "1:30",
        "2024-01-01",
        ".inf",
        "-.inf",
        ".nan",
        "NaN",
        "Infinity",
        "1e",
        "e5",
        "1,2",
        "٣",
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize("text", ["9" * 65, "1e309", "-1e309", "1e-400", "1e" + "9" * 60])
def test_numbers_that_nothing_could_hold_are_refused(text: str) -> None:
    with pytest.raises(WrongValueError, match="quote it"):
        resolve(text)


@given(st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_of_json_keeps_its_value(number: float) -> None:
    text = json.dumps(number)
    if number == 0 or abs(number) > 1e-300:
        resolved = resolve(text)
        assert isinstance(resolved, int | Decimal)
        assert type(number)(resolved) == number
