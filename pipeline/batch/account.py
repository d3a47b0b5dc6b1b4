"""The account's balance: asked before anything is spent, and now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pipeline.errors import ApiError
from pipeline.model import Event, Status, Stop, StopKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.admission import Admission
    from pipeline.api.client import Client
    from pipeline.ledger import Roster

_EVERY = 60.0


class Account:
    """Asks for the balance on behalf of a run. `end` ends admission, `emit` tells who listens."""

    def __init__(
        self,
        client: Client,
        admission: Admission,
        end: Callable[[Stop], object],
        emit: Callable[[Event], None],
    ) -> None:
        self._client = client
        self._admission = admission
        self._end = end
        self._emit = emit

    async def ask(self, roster: Roster) -> bool:
        """Ask before anything is spent; False where the run may not start.

        Says how many of the pending jobs the balance pays for, if not for all.
        """
        balance = await self._balance()
        if self._admission.stop is not None:
            return False
        if balance is None and self._admission.balance.reserve is not None:
            self._end(Stop(StopKind.REFUSED, "budget.reserve is set, and no balance can be read"))
            return False
        pending = (await roster.tally()).get(Status.PENDING, 0)
        price = max(1, self._admission.price.expected)
        if balance is not None and balance < pending * price:
            message = (
                f"the balance of {balance / 1e6:g} credits pays about {balance // price} of the "
                f"{pending} jobs at {price / 1e6:g} each"
            )
            self._emit(Event("note", message, remaining=balance))
        return True

    async def keep_asking(self) -> None:
        """Ask now and then, where a reserve is kept by the balance."""
        while self._admission.balance.reserve is not None and self._admission.stop is None:
            await anyio.sleep(_EVERY)
            await self._balance()

    async def _balance(self) -> int | None:
        try:
            balance = await self._client.balance()
        except ApiError as error:
            self._end(Stop(StopKind.REFUSED, error.message))
            return None
        self._admission.balance.asked(balance)
        return balance
