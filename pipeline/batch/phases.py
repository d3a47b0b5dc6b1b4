"""What a run does, in its order: what is paid for comes home before anything is bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.executors import drain
from pipeline.model import Status
from pipeline.perform import Reconciled, convict, mend, perform, reconcile, rescue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from pipeline.batch.supply import Guarded, Supply
    from pipeline.model import Ticket
    from pipeline.perform import Desk


class Phases:
    """The phases of a run. `guarded` awaits work whose failure ends admission.

    Where jobs are bought there are half as many more workers as calls in flight at most: the slots
    are in use while results are brought home, as far as the door lets them be.
    """

    def __init__(self, desk: Desk, supply: Supply, guarded: Guarded, at_once: int) -> None:
        self._desk = desk
        self._supply = supply
        self._guarded = guarded
        self._at_once = at_once
        self._reopened = False

    async def bring_home(self, rescues: Sequence[Ticket]) -> Reconciled:
        """Give finished jobs their files back, and get what earlier runs paid for, or may have."""
        await self._drain(mend, self._supply.amiss(self._desk.store))
        await self._drain(rescue, self._supply.paid_for(rescues))
        return await self._reconcile()

    async def buy(self, limit: int | None, *, alone: bool = False) -> None:
        """Buy what is pending, at most `limit` jobs, and look for the answers that were lost.

        A job that turns out unbilled, or that only an outage failed, is pending again, and is taken
        up again where there is no limit. `alone`: once, and without a look at anything else.
        """
        admission, again = self._desk.admission, True
        while again:
            outages, self._reopened = admission.outage.times, False
            await self._drain(perform, self._supply.waiting(limit), more=self._at_once // 2)
            await self._acquit()
            if alone:
                return
            if admission.outage.times > outages and not admission.is_signalled:
                await self._bring_back()
            done = await self._reconcile()
            again = done.freed or self._reopened or admission.outage.times > outages
            again = again and limit is None and admission.stop is None

    async def _reconcile(self) -> Reconciled:
        """Settle unknown jobs by the provider's history, and bring home what that tells of."""
        if self._desk.admission.is_signalled:
            return Reconciled()
        done = await self._guarded(reconcile(self._desk)) or Reconciled()
        await self._drain(rescue, self._supply.paid_for(done.paid_for))
        return done

    async def _bring_back(self) -> None:
        """Ask once more for the requests that outlived their time because of an outage."""
        rescues = await self._guarded(self._supply.rescues()) or []
        await self._drain(rescue, self._supply.paid_for(rescues))

    async def _acquit(self) -> None:
        """End the doubt about a 406 that no other job was left to resolve."""
        admission = self._desk.admission
        suspect = admission.doubt.convict()
        if suspect is not None and admission.stop is None:
            await self._guarded(convict(self._desk, suspect))

    async def _drain(
        self,
        line: Callable[[Desk, Ticket], Awaitable[Ticket]],
        tickets: AsyncIterator[Ticket],
        more: int = 0,
    ) -> None:
        async def work(ticket: Ticket) -> None:
            ended = await self._guarded(line(self._desk, ticket))
            if ended is not None and ended.status is Status.PENDING is not ticket.status:
                self._reopened = True

        await drain(tickets, work, workers=self._at_once + more)
