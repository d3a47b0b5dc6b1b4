"""The run: take in the manifest, rescue, buy, drain, say how it ended."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from pipeline.batch.access import access, books_of
from pipeline.batch.account import Account
from pipeline.batch.changes import guard_changes
from pipeline.batch.intake import Intake, batches
from pipeline.batch.outcome import Summary
from pipeline.batch.phases import Phases
from pipeline.batch.pressing import Pressing
from pipeline.batch.reading import memo_of, most_at_once
from pipeline.batch.signals import watch_signals
from pipeline.batch.standing import standing_jobs, standing_money
from pipeline.batch.work import Options, Work, opened
from pipeline.ledger import BEFORE_ALL
from pipeline.model import Event, Status
from pipeline.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.manifest import Manifest
    from pipeline.model import Ticket
    from pipeline.perform import Desk
    from pipeline.threads import Request

_TOLD = 100


async def run(
    manifest: Manifest,
    *,
    key: str | None,
    on_event: Callable[[Event], None] = lambda _: None,
    options: Options | None = None,
) -> Summary:
    """Do what a manifest asks for, and return how it ended.

    Raises UsageError (no key, an id of another manifest), LedgerLockedError where another run holds
    the ledger, LedgerError where it cannot be used. Whatever happens once it runs is in the
    summary's `stop` and in the jobs' states.
    """
    began = time.monotonic()
    options = options or Options()
    async with opened(manifest, options, on_event) as work:
        summary = await _Run(work, options).through(key)
        summary = replace(summary, seconds=time.monotonic() - began)
        if work.session.write.broken is None:
            await work.roster.end(summary.exit_code, work.admission.balance.known)
        return summary


class _Run:
    """One run, from its manifest to its summary."""

    def __init__(self, work: Work, options: Options) -> None:
        self._work = work
        self._manifest = work.manifest
        self._options = options
        self._open: dict[int, int] = {}  # attempts of earlier runs whose bill was open

    async def through(self, key: str | None) -> Summary:
        """Take in, rescue, buy; always end with a summary, unless something broke inside."""
        manifest = self._manifest
        told = await self._take_in(key)
        await guard_changes(self._work, accepted=self._options.accept_changes)
        self._open = await self._work.roster.unsettled()
        self._work.admission.budget.open.update(self._open)
        rescues = await self._work.roster.rescues()
        tally = await self._work.roster.tally()
        self._work.emit(Event("start", jobs=tally, limit=self._options.limit))
        for event in told:
            self._work.emit(event)
        if rescues or await self._waits() or await self._is_open() or await self._is_amiss():
            async with access(manifest.api, key, books_of(manifest), self._options.wrap) as client:
                await self._do(self._work.desk(client), rescues)
        if self._work.crashes:
            raise self._work.crashes[0]
        return await self._summary()

    async def _waits(self) -> bool:
        return bool(await self._work.roster.waiting(BEFORE_ALL, 1))

    async def _is_open(self) -> bool:
        """Tell whether the history is to be asked for a lost answer."""
        api, unknown = self._manifest.api, await self._work.lookup.unknown()
        return (api.is_emulator or api.history_url is not None) and any(
            each.counts for each in unknown
        )

    async def _is_amiss(self) -> bool:
        store = Store(self._manifest.output_folder, self._manifest.output.name)
        async for _ in self._work.supply.amiss(store):
            return True
        return False

    async def _take_in(self, key: str | None) -> list[Event]:
        """Register what the manifest asks for; give the first of the jobs that are invalid.

        While a batch is being written, the next one is looked at.
        """
        told: list[Event] = []
        begun: Request[None] | None = None
        await to_thread.run_sync(self._manifest.keep)
        with memo_of(self._manifest) as memo:
            intake = Intake(self._manifest, memo, key)
            for batch in batches(self._manifest, self._options.only):
                overrides = self._work.roster.overrides([job.id for _, job in batch])
                postings = await intake.postings(batch, overrides)
                if begun is not None:
                    await begun.outcome()
                begun = self._work.roster.begin_register(postings)
                wrong = [each for each in postings if each.invalid is not None]
                told += [
                    Event("job", job=each.job.id, status=Status.INVALID, error=each.invalid)
                    for each in wrong[: max(0, _TOLD - len(told))]
                ]
        if begun is not None:
            await begun.outcome()
        return told

    async def _do(self, desk: Desk, rescues: list[Ticket]) -> None:
        phases = Phases(desk, self._work.supply, self._work.guarded, most_at_once(self._manifest))
        async with anyio.create_task_group() as tasks:
            if self._options.signals:
                await tasks.start(
                    watch_signals, self._work.admission, self._work.end, tasks.cancel_scope
                )
            pressing = Pressing(self._work.admission, self._work.roster, self._work.emit)
            if not self._options.probes:
                await phases.bring_home(rescues)
            account = Account(desk.client, self._work.admission, self._work.end, self._work.emit)
            if self._work.admission.stop is None and await self._work.guarded(
                account.ask(self._work.roster)
            ):
                tasks.start_soon(account.keep_asking)
                tasks.start_soon(self._work.guarded, pressing.keep_telling())
                await phases.buy(self._options.limit, alone=self._options.probes)
                await self._work.guarded(pressing.note())
            tasks.cancel_scope.cancel()

    async def _tally(self) -> Mapping[Status, int]:
        if self._work.session.write.broken is None:
            return await self._work.roster.tally()
        return await to_thread.run_sync(standing_jobs, self._manifest)

    async def _summary(self) -> Summary:
        roster, spent = self._work.roster, self._work.admission.budget.spent
        worsened = older = bought = earlier = earlier_spent = 0
        if self._work.session.write.broken is None:
            worsened, older = await roster.worsened(), await roster.left_open()
            bought, spent = await roster.bought()
            earlier, earlier_spent = await roster.bills_of(self._open)
        money = await to_thread.run_sync(standing_money, self._manifest)
        asked = await self._tally()
        jobs = asked
        if self._options.only is not None:
            jobs = await to_thread.run_sync(standing_jobs, self._manifest)
        balance = self._work.admission.balance.known
        return Summary(
            jobs=jobs,
            asked=asked,
            money=money if balance is None else replace(money, remaining=balance),
            stop=self._work.admission.stop,
            worsened=worsened,
            older_open=older,
            limited=self._options.limit is not None,
            bought=bought,
            spent=spent,
            earlier=earlier,
            earlier_spent=earlier_spent,
        )
