"""How hard the API is pressed, told as it changes: to the listener, and in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pipeline.ledger import Pressure
from pipeline.model import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.admission import Admission
    from pipeline.ledger import Roster

_TELL_EVERY, _NOTE_EVERY = 0.5, 2.0


class Pressing:
    """Watches the governors of a run. `emit` tells who listens."""

    def __init__(self, admission: Admission, roster: Roster, emit: Callable[[Event], None]) -> None:
        self._admission = admission
        self._roster = roster
        self._emit = emit
        self._told: Pressure | None = None
        self._noted: Pressure | None = None
        self._marks = (0, admission.rate.most)

    async def keep_telling(self) -> None:
        """Tell of changes as long as the run lasts."""
        noted_at = 0.0
        while True:
            self.tell()
            now = anyio.current_time()
            if now - noted_at >= _NOTE_EVERY:
                await self.note()
                noted_at = now
            await anyio.sleep(_TELL_EVERY)

    def tell(self) -> None:
        """Tell the listener what has changed; a cut, or another rate, is worth a line."""
        pressure = self._pressure()
        if pressure == self._told:
            return
        admission = self._admission
        marks = (admission.concurrency.cuts, admission.rate.most)
        self._emit(
            Event(
                "limits",
                pressure.reason,
                limit=pressure.limit,
                per_minute=pressure.per_minute,
                notable=marks != self._marks,
            )
        )
        self._told, self._marks = pressure, marks

    async def note(self) -> None:
        """Write it down, so that `status` can show it; a run that bought nothing knows nothing."""
        pressure = self._pressure()
        if pressure != self._noted and self._admission.concurrency.started:
            await self._roster.press(pressure)
            self._noted = pressure

    def _pressure(self) -> Pressure:
        admission = self._admission
        concurrency, rate = admission.concurrency, admission.rate
        reasons = [concurrency.reason] if rate.most is None else [concurrency.reason, rate.reason]
        return Pressure(concurrency.limit, "; ".join(dict.fromkeys(reasons)), rate.most)
