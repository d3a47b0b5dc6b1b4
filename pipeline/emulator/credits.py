"""Credits as whole micro-credits: read from decimal text, printed as decimal text, never floats."""

from decimal import Decimal, InvalidOperation

MICRO = 1_000_000
_MOST = 10**15  # a billion credits: far from where SQLite's or JSON's integers end


def micro(text: str) -> int:
    """Read a decimal number of credits as micro-credits.

    Raises ValueError for anything but a plain number from 0 to a billion with at most six places.
    """
    try:
        value = Decimal(text) * MICRO
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= _MOST or value % 1:
        raise ValueError(
            f"{text!r} is no amount of credits: give a number from 0 to a billion"
            " with at most six decimal places"
        )
    return int(value)


def plain(amount: int) -> str:
    """Print micro-credits as credits: exact, at most six places, no exponent, no trailing zeros."""
    whole, fraction = divmod(abs(amount), MICRO)
    digits = f"{whole}.{fraction:06}".rstrip("0").removesuffix(".")
    return f"-{digits}" if amount < 0 else digits


def number(amount: int) -> float:
    """Give micro-credits as the JSON number that prints as `plain` does, for amounts like a bill.

    A correctly rounded quotient is the float nearest to the decimal, and JSON prints the shortest
    text that reads back as it.
    """
    return amount / MICRO


def price(milliseconds: int, micro_per_second: int) -> int:
    """Bill GPU time: rounded half up to the micro-credit."""
    return (milliseconds * micro_per_second + 500) // 1000
