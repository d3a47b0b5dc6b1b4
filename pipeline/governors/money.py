"""What a run may spend: the price of a call, the budget, the account's balance. Micro-credits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_RECENT = 20


class Price:
    """What a call is expected to cost: the stated price, then the highest of the recent ones."""

    def __init__(self, stated: int) -> None:
        self._stated = stated
        self._recent: deque[int] = deque(maxlen=_RECENT)

    def paid(self, credits: int) -> None:
        """Note what a call cost."""
        self._recent.append(credits)

    @property
    def expected(self) -> int:
        """The price to hold for the next call."""
        return max(self._recent, default=self._stated)


@dataclass(slots=True)
class Budget:
    """What a run may spend: its own bills, what it holds, and what earlier runs left open.

    `cap` None is unlimited; `open` are the unsettled attempts of earlier runs: number → held.
    """

    cap: int | None
    open: dict[int, int] = field(default_factory=dict)
    spent: int = 0
    held: int = 0

    @property
    def unsettled(self) -> int:
        """What calls in flight and open attempts may still cost."""
        return self.held + sum(self.open.values())

    def fits(self, price: int) -> bool:
        """Tell whether one more call stays within the cap, whatever is in flight."""
        return self.cap is None or self.spent + self.unsettled + price <= self.cap

    def hold(self, price: int) -> None:
        """Set the price of a call aside before it goes."""
        self.held += price

    def settle(self, price: int, credits: int) -> None:
        """Turn what was held into what it cost; 0 where it was not billed."""
        self.held -= price
        self.spent += credits

    def keep(self, attempt: int, price: int) -> None:
        """Leave a call's price set aside: nobody knows yet what it cost."""
        self.held -= price
        self.open[attempt] = price

    def learnt(self, attempt: int, credits: int) -> None:
        """Settle an attempt that was open."""
        self.open.pop(attempt, None)
        self.spent += credits


class Balance:
    """The account's credits. Answers arrive out of order: the lowest since the last asking counts.

    `reserve` None: the balance is known, and stops nothing.
    """

    def __init__(self, reserve: int | None) -> None:
        self.reserve = reserve
        self.known: int | None = None

    def asked(self, balance: int | None) -> None:
        """Take what the account itself said."""
        if balance is not None:
            self.known = balance

    def seen(self, remaining: int | None) -> None:
        """Take what an answer's header said."""
        if remaining is not None:
            self.known = remaining if self.known is None else min(self.known, remaining)

    def allows(self, price: int, held: int) -> bool:
        """Tell whether one more call leaves the reserve untouched, with `held` not settled.

        An open attempt may be in the balance already, and is counted all the same: the reserve is
        kept, if need be with a call's price to spare.
        """
        if self.reserve is None or self.known is None:
            return True
        return self.known - held - price >= self.reserve
