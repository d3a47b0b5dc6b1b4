"""What a run is made of, wired together; and what keeps it standing when a part breaks."""

from __future__ import annotations

import os
import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import anyio

from pipeline import __version__
from pipeline.admission import Admission, Governors
from pipeline.batch.reading import ledger_name, limiter
from pipeline.batch.supply import Supply
from pipeline.errors import LedgerError, StoreError
from pipeline.governors import Balance, Budget, Outage, Price
from pipeline.ledger import Lookup, Moves, Roster, begin, hold, writing
from pipeline.model import Event, Stop, StopKind
from pipeline.perform import Desk, Policy
from pipeline.rates import Rate
from pipeline.store import Store
from pipeline.threads import threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pipeline.api.client import Client
    from pipeline.api.transport import Transport
    from pipeline.ledger import Session
    from pipeline.manifest import Manifest
    from pipeline.threads import Hop

T = TypeVar("T")

_FILES = 3, 0.25  # a disk that takes 20 ms to be sure still stores more than the API makes
_PICTURES = os.cpu_count() or 1, 0.05  # a slot waits for each


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for beside the manifest.

    `limit` is the most jobs that are taken up; `only` the ids that count; `budget` in
    micro-credits stands for the manifest's; `signals` lets SIGINT and SIGTERM end admission;
    `probes`: what is taken up is tried once, and nothing else is touched; `accept_changes` says
    that changed jobs are meant; `wrap` may put a transport around the real one.
    """

    limit: int | None = None
    only: frozenset[str] | None = None
    budget: int | None = None
    signals: bool = False
    probes: bool = False
    accept_changes: bool = False
    wrap: Callable[[Transport], Transport] = lambda transport: transport


def cap_of(manifest: Manifest, options: Options) -> int | None:
    """Give the most that a run may spend, in micro-credits; None is unlimited."""
    return manifest.budget.credits_micro if options.budget is None else options.budget


@dataclass(frozen=True, slots=True)
class Hops:
    """The ways into other threads: to files, to large ones, and to pictures."""

    files: Hop
    large: Hop
    pictures: Hop


class Work:
    """The parts, and what holds them together when one of them breaks.

    `crashes` are exceptions to be raised once what is in flight is home.
    """

    def __init__(
        self,
        manifest: Manifest,
        options: Options,
        session: Session,
        hops: Hops,
        on_event: Callable[[Event], None],
    ) -> None:
        self.manifest = manifest
        self.session = session
        self._hops = hops
        self.roster = Roster(session)
        self.lookup = Lookup(session)
        self.crashes: list[Exception] = []
        self._attempts = 1 if options.probes else manifest.limits.attempts
        self._on_event = on_event
        budget = manifest.budget
        self.admission = Admission(
            Governors(
                concurrency=limiter(manifest),
                rate=Rate(manifest.limits.requests_per_minute),
                budget=Budget(cap_of(manifest, options)),
                price=Price(budget.price_micro),
                balance=Balance(budget.reserve_micro),
                outage=Outage(manifest.limits.give_up_after),
            )
        )
        self.supply = Supply(self.roster, self.admission, self.guarded)

    def desk(self, client: Client) -> Desk:
        """Put a desk together that works through a client."""
        manifest = self.manifest
        return Desk(
            client=client,
            moves=Moves(self.session),
            lookup=self.lookup,
            store=Store(
                manifest.output_folder,
                manifest.output.name,
                self._hops.files,
                heavy=self._hops.large,
            ),
            admission=self.admission,
            policy=Policy(
                self._attempts,
                manifest.api.timeout,
                manifest.reconcile.settle,
                manifest.inputs.max_side,
            ),
            inputs=manifest.folder,
            provenance={
                "provider": manifest.api.provider,
                "api_host": urlsplit(client.endpoint.url).netloc,
                "catalog3d": __version__,
            },
            now=now,
            clock=anyio.current_time,
            sleep=anyio.sleep,
            emit=self.emit,
            random=random.random,
            pictures=self._hops.pictures,
        )

    async def guarded(self, work: Awaitable[T]) -> T | None:
        """Await work; what breaks in it ends admission, and lets what is in flight come home."""
        try:
            return await work
        except (LedgerError, StoreError) as error:
            if not self.end(Stop(StopKind.JOURNAL, error.message)):
                self.emit(Event("note", error.message))
        except Exception as error:  # noqa: BLE001 - raised again once what is in flight is home
            self.crashes.append(error)
            self.end(Stop(StopKind.JOURNAL, "an internal error"))
        return None

    def end(self, stop: Stop) -> bool:
        """End admission, and tell the listener if that was news."""
        ended = self.admission.end(stop)
        if ended:
            self.emit(Event("stop", stop.message))
        return ended

    def emit(self, event: Event) -> None:
        """Tell the listener; one that breaks ends the run, and loses nothing that was paid for."""
        try:
            self._on_event(event)
        except OSError:
            self._on_event = _unheard  # a log that cannot be written is no reason to stop buying
        except Exception as error:  # noqa: BLE001 - raised again once what is in flight is home
            self.crashes.append(error)
            self._on_event = _unheard
            self.admission.end(Stop(StopKind.JOURNAL, "the listener broke"))


@asynccontextmanager
async def opened(
    manifest: Manifest, options: Options, on_event: Callable[[Event], None]
) -> AsyncIterator[Work]:
    """Hold the ledger, begin a run in it, and put the parts together.

    Raises LedgerLockedError, LedgerError, UsageError where the ledger is another provider's.
    """
    with hold(manifest.ledger_path):
        async with AsyncExitStack() as stack:
            write = await stack.enter_async_context(writing(manifest.ledger_path))
            session, orphans = await begin(
                write,
                manifest=ledger_name(manifest),
                provider=manifest.api.provider,
                budget=cap_of(manifest, options),
                now=now,
            )
            if orphans:
                on_event(Event("note", f"{orphans} jobs were in flight when the last run ended"))
            files = await stack.enter_async_context(threads(*_FILES))
            pictures = await stack.enter_async_context(threads(*_PICTURES))
            yield Work(manifest, options, session, Hops(files, files.heavy, pictures), on_event)


def now() -> datetime:
    """Tell the time of day."""
    return datetime.now(UTC)


def _unheard(_event: Event) -> None:
    """Stand in for a listener that broke."""
