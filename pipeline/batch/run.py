"""The run: take in the manifest, rescue, buy, drain, say how it ended."""

from __future__ import annotations

import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from pipeline import __version__
from pipeline.admission import Admission
from pipeline.batch.access import access, books_of
from pipeline.batch.account import Account
from pipeline.batch.intake import Intake, batches
from pipeline.batch.outcome import Summary
from pipeline.batch.reading import concurrent, ledger_name
from pipeline.batch.signals import watch_signals
from pipeline.batch.standing import standing_jobs, standing_money
from pipeline.batch.supply import Supply
from pipeline.errors import LedgerError, StoreError
from pipeline.executors import drain
from pipeline.governors import Balance, Budget, Price, RateGate
from pipeline.ledger import (
    BEFORE_ALL,
    Lookup,
    Moves,
    Roster,
    begin,
    hold,
    writing,
)
from pipeline.model import Event, Status, Stop, StopKind, Ticket
from pipeline.perform import Desk, Policy, convict, mend, perform, rescue
from pipeline.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from pipeline.api.client import Client
    from pipeline.api.transport import Transport
    from pipeline.ledger import Session
    from pipeline.manifest import Manifest

T = TypeVar("T")

_TOLD = 100


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for beside the manifest.

    `limit` is the most jobs that are taken up; `only` the ids that count; `budget` in
    micro-credits stands for the manifest's; `signals` lets SIGINT and SIGTERM end admission;
    `attempts` stands for the manifest's; `wrap` may put a transport around the real one.
    """

    limit: int | None = None
    only: frozenset[str] | None = None
    budget: int | None = None
    signals: bool = False
    attempts: int | None = None
    wrap: Callable[[Transport], Transport] = lambda transport: transport


def cap_of(manifest: Manifest, options: Options) -> int | None:
    """Give the most that a run may spend, in micro-credits; None is unlimited."""
    return manifest.budget.credits_micro if options.budget is None else options.budget


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
    with hold(manifest.ledger_path):
        async with AsyncExitStack() as stack:
            write = await stack.enter_async_context(writing(manifest.ledger_path))
            session, orphans = await begin(
                write,
                manifest=ledger_name(manifest),
                provider=manifest.api.provider,
                budget=cap_of(manifest, options),
                now=_now,
            )
            if orphans:
                on_event(Event("note", f"{orphans} jobs were in flight when the last run ended"))
            whole = _Run(manifest, options, session, on_event)
            summary = await whole.through(stack, key)
            summary = replace(summary, seconds=time.monotonic() - began)
            if write.broken is None:
                await Roster(session).end(summary.exit_code)
            return summary


class _Run:
    """One run's parts, wired together."""

    def __init__(
        self,
        manifest: Manifest,
        options: Options,
        session: Session,
        on_event: Callable[[Event], None],
    ) -> None:
        self._manifest = manifest
        self._options = options
        self._session = session
        self._roster = Roster(session)
        self._on_event = on_event
        self._crashes: list[Exception] = []
        budget = manifest.budget
        self._admission = Admission(
            rate=RateGate(manifest.limits.requests_per_minute),
            budget=Budget(cap_of(manifest, options)),
            price=Price(budget.price_micro),
            balance=Balance(budget.reserve_micro),
        )
        self._supply = Supply(self._roster, self._admission, self._guarded)

    async def through(self, stack: AsyncExitStack, key: str | None) -> Summary:
        """Take in, rescue, buy; always end with a summary, unless something broke inside."""
        manifest = self._manifest
        told = await self._take_in(key)
        self._admission.budget.open.update(await self._roster.unsettled())
        rescues = await self._roster.rescues()
        self._emit(Event("start", jobs=await self._roster.tally()))
        for event in told:
            self._emit(event)
        if rescues or await self._waits() or await self._is_amiss():
            client = await stack.enter_async_context(
                access(manifest.api, key, books_of(manifest), self._options.wrap)
            )
            await self._work(self._desk(client), rescues)
        if self._crashes:
            raise self._crashes[0]
        return await self._summary()

    async def _waits(self) -> bool:
        return bool(await self._roster.waiting(BEFORE_ALL, 1))

    async def _is_amiss(self) -> bool:
        store = Store(self._manifest.output_folder, self._manifest.output.name)
        async for _ in self._supply.amiss(store):
            return True
        return False

    async def _take_in(self, key: str | None) -> list[Event]:
        """Register what the manifest asks for; give the first of the jobs that are invalid."""
        provider = self._manifest.api.provider
        intake = Intake(self._manifest.folder, provider, key)
        told: list[Event] = []
        for batch in batches(self._manifest, self._options.only):
            overrides = await self._roster.overrides([job.id for _, job in batch])
            postings = await intake.postings(batch, overrides)
            await self._roster.register(postings)
            wrong = [each for each in postings if each.invalid is not None]
            told += [
                Event("job", job=each.job.id, status=Status.INVALID, error=each.invalid)
                for each in wrong[: max(0, _TOLD - len(told))]
            ]
        return told

    def _desk(self, client: Client) -> Desk:
        manifest = self._manifest
        return Desk(
            client=client,
            moves=Moves(self._session),
            lookup=Lookup(self._session),
            store=Store(manifest.output_folder, manifest.output.name),
            admission=self._admission,
            policy=Policy(self._options.attempts or manifest.limits.attempts, manifest.api.timeout),
            inputs=manifest.folder,
            provenance={
                "provider": manifest.api.provider,
                "api_host": urlsplit(client.endpoint.url).netloc,
                "catalog3d": __version__,
            },
            now=_now,
            clock=anyio.current_time,
            sleep=anyio.sleep,
            emit=self._emit,
            random=random.random,
        )

    async def _work(self, desk: Desk, rescues: list[Ticket]) -> None:
        async with anyio.create_task_group() as tasks:
            if self._options.signals:
                await tasks.start(watch_signals, self._admission, self._end, tasks.cancel_scope)
            await self._drain(desk, mend, self._supply.amiss(desk.store))
            await self._drain(desk, rescue, self._supply.paid_for(rescues))
            account = Account(desk.client, self._admission, self._end, self._emit)
            if self._admission.stop is None and await self._guarded(account.ask(self._roster)):
                tasks.start_soon(account.keep_asking)
                await self._drain(desk, perform, self._supply.waiting(self._options.limit))
                await self._acquit(desk)
            tasks.cancel_scope.cancel()

    async def _acquit(self, desk: Desk) -> None:
        """End the doubt about a 406 that no other job was left to resolve."""
        suspect = self._admission.doubt.convict()
        if suspect is not None and self._admission.stop is None:
            await self._guarded(convict(desk, suspect))

    async def _drain(
        self,
        desk: Desk,
        line: Callable[[Desk, Ticket], Awaitable[Ticket]],
        tickets: AsyncIterator[Ticket],
    ) -> None:
        async def work(ticket: Ticket) -> None:
            await self._guarded(line(desk, ticket))

        await drain(tickets, work, workers=concurrent(self._manifest))

    async def _guarded(self, work: Awaitable[T]) -> T | None:
        """Await work; what breaks in it ends admission, and lets what is in flight come home."""
        try:
            return await work
        except (LedgerError, StoreError) as error:
            if not self._end(Stop(StopKind.JOURNAL, error.message)):
                self._emit(Event("note", error.message))
        except Exception as error:  # noqa: BLE001 - raised again once what is in flight is home
            self._crashes.append(error)
            self._end(Stop(StopKind.JOURNAL, "an internal error"))
        return None

    def _end(self, stop: Stop) -> bool:
        ended = self._admission.end(stop)
        if ended:
            self._emit(Event("stop", stop.message))
        return ended

    def _emit(self, event: Event) -> None:
        """Tell the listener; one that breaks ends the run, and loses nothing that was paid for."""
        try:
            self._on_event(event)
        except OSError:
            self._on_event = _unheard  # a log that cannot be written is no reason to stop buying
        except Exception as error:  # noqa: BLE001 - raised again once what is in flight is home
            self._crashes.append(error)
            self._on_event = _unheard
            self._admission.end(Stop(StopKind.JOURNAL, "the listener broke"))

    async def _tally(self) -> Mapping[Status, int]:
        if self._session.write.broken is None:
            return await self._roster.tally()
        return await to_thread.run_sync(standing_jobs, self._manifest)

    async def _summary(self) -> Summary:
        if self._session.write.broken is not None:
            worsened, older, bought = 0, 0, (0, self._admission.budget.spent)
        else:
            worsened, older = await self._roster.worsened(), await self._roster.left_open()
            bought = await self._roster.bought()
        money = await to_thread.run_sync(standing_money, self._manifest)
        asked = await self._tally()
        jobs = asked
        if self._options.only is not None:
            jobs = await to_thread.run_sync(standing_jobs, self._manifest)
        balance = self._admission.balance.known
        return Summary(
            jobs=jobs,
            asked=asked,
            money=money if balance is None else replace(money, remaining=balance),
            stop=self._admission.stop,
            worsened=worsened,
            older_open=older,
            limited=self._options.limit is not None,
            bought=bought[0],
            spent=bought[1],
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _unheard(_event: Event) -> None:
    """Stand in for a listener that broke."""
