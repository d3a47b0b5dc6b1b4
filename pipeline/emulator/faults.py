"""Answers that go wrong on purpose, at a given rate."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

Kind = Literal["500"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault and the share of submits, from 0 to 1, that it befalls."""

    kind: Kind
    rate: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `KIND:RATE`; raises ValueError that says what would be right."""
        name, _, rate = text.partition(":")
        for kind in get_args(Kind):
            if name == kind and (share := _share(rate)) is not None:
                return cls(kind, share)
        raise ValueError(
            f"{text!r} is no fault: give KIND:RATE, where KIND is one of"
            f" {', '.join(get_args(Kind))} and RATE a share from 0 to 1, such as 500:0.2"
        )


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def strike(faults: tuple[Fault, ...], draw: float) -> Kind | None:
    """Choose the fault that a draw from [0, 1) falls on: the rates lie end to end from 0."""
    end = 0.0
    for fault in faults:
        end += fault.rate
        if draw < end:
            return fault.kind
    return None
