"""Numbers of a manifest: exact decimals to whole micro-credits, pixels and plain floats."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from pipeline.manifest.faults import WrongValueError
from pipeline.model import MICRO

CREDITS_MAX: Final = 1_000_000_000
"""Credits a manifest may speak of; in micro-credits they fit a ledger's 64-bit column."""

SHARE_PATTERN: Final = r"^[0-9]{1,3}(\.[0-9]{1,6})? ?%$"
"""A share in percent."""


def micro_credits(given: object) -> int:
    """Turn credits into whole micro-credits, exactly; a seventh decimal is refused."""
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise WrongValueError("must be a number of credits, such as 25.0")
    if not 0 <= given <= CREDITS_MAX:
        raise WrongValueError(f"must be from 0 to {CREDITS_MAX} credits")
    # a product of Decimals would be rounded to the context's digits
    micro = Fraction(given) * MICRO
    if micro.denominator != 1:
        raise WrongValueError("must have at most 6 decimals")
    return micro.numerator


def price(given: object) -> int:
    """Turn a price in credits into micro-credits; nothing is free."""
    micro = micro_credits(given)
    if not micro:
        raise WrongValueError("must be above 0 credits")
    return micro


def ceiling(given: object) -> int | None:
    """Turn a budget into micro-credits; `unlimited` is None."""
    if given == "unlimited":
        return None
    if isinstance(given, str):
        raise WrongValueError("must be a number of credits, such as 25.0, or `unlimited`")
    return micro_credits(given)


def share(given: object) -> float:
    """Turn a share, `0.2` or `20 %`, into a fraction of 1."""
    if isinstance(given, str) and re.fullmatch(SHARE_PATTERN, given):
        given = Decimal(given.rstrip("% ")) / 100
    if isinstance(given, bool) or not isinstance(given, int | Decimal) or not 0 <= given <= 1:
        raise WrongValueError("must be a share, such as 20 % or 0.2")
    return float(given)


def as_float(given: object) -> object:
    """Turn an exact decimal into a float, and leave everything else."""
    return float(given) if isinstance(given, Decimal) else given
