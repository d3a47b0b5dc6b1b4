import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.emulator import credits as money

AMOUNTS = st.integers(0, 10**15)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("0", 0), ("10", 10_000_000), ("0.0019", 1_900), ("0.000001", 1), ("1e3", 1_000_000_000)],
)
def test_decimal_text_is_read_exactly(text: str, amount: int) -> None:
    assert money.micro(text) == amount


@pytest.mark.parametrize("text", ["", "ten", "-1", "nan", "inf", "0.0000001", "1e99", "1e-99999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of credits"):
        money.micro(text)


@given(AMOUNTS)
def test_printed_credits_are_plain_and_read_back(amount: int) -> None:
    printed = money.plain(amount)
    assert money.micro(printed) == amount
    assert "e" not in printed.lower()
    assert len(printed.partition(".")[2]) <= 6


@given(st.integers(0, 10**12))
def test_json_numbers_say_the_same_decimal(amount: int) -> None:
    assert Decimal(json.dumps(money.number(amount))) == Decimal(money.plain(amount))


def test_a_debt_keeps_its_sign() -> None:
    assert money.plain(-62_700) == "-0.0627"


@pytest.mark.parametrize(
    ("milliseconds", "per_second", "price"),
    [
        (33_000, 1_900, 62_700),  # 33 s x 0.0019 = 0.0627
        (36_607, 1_900, 69_553),  # 36.607 x 1900 = 69553.3
        (1, 500, 1),  # 0.001 x 500 = 0.5, half up
        (1, 499, 0),
        (0, 1_900, 0),
    ],
)
def test_time_is_billed_to_the_micro_credit(milliseconds: int, per_second: int, price: int) -> None:
    assert money.price(milliseconds, per_second) == price
