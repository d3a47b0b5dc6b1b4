"""What a submit must pass before it is worked on, and what it then holds back from the account."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread

from . import credits, draws, refusing, wire
from .books import Books
from .entry import NO_ANSWER, Entry
from .faults import HANG_UPS, REFUSALS, Fault
from .pictures import take
from .rate import FixedWindows
from .refusal import HungUpError, RefusalError
from .settings import Settings

MAX_BODY = 32 * 2**20  # ours: the provider publishes no limit
_ANSWERED = {"502-after": 502, "504-after": 504, "drop-after": NO_ANSWER}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A submit at the door: its number, and what is to befall it."""

    ordinal: int
    version: int
    fault: Fault | None
    headers: Mapping[str, str]


class Admission:
    """The gate of both versions of the API."""

    def __init__(self, settings: Settings, books: Books, now: Callable[[], float]) -> None:
        self._settings = settings
        self._books = books
        self._now = now
        self.windows = FixedWindows(settings.requests_per_minute, settings.rate_window)

    async def admit(self, arrival: Arrival, body: bytes, limiter: anyio.CapacityLimiter) -> Entry:
        """Enter the request as QUEUED with its price held back, or as REFUSED and raise.

        The pictures are decoded in threads of `limiter`. Raises RefusalError, HungUpError.
        """
        digest = hashlib.sha256(body).hexdigest()
        entry = replace(self._entry(arrival), body_sha256=digest)
        try:
            self._check_caller(arrival.headers)
            submit = await anyio.to_thread.run_sync(wire.parse, body)
            entry = replace(entry, params=submit.sent)
            pictures = await take(submit, limiter, MAX_BODY)
            entry = replace(
                entry, image_sha256=_digest(pictures.image), mask_sha256=_digest(pictures.mask)
            )
            drawn, price = self._price(entry.ordinal)  # from here to the entry no await may come
            entry = replace(entry, fault=_kind(arrival.fault))
            _strike(arrival.fault, self._now())
        except RefusalError as refusal:
            self._refuse(replace(entry, http=refusal.status, error=refusal.message))
            if refusal.status == 500:
                await self._keep(digest, body)
            raise
        except HungUpError:
            self._refuse(replace(entry, http=NO_ANSWER))
            raise
        entry = _queued(entry, drawn, price)
        self._books.add(entry, pictures)
        await self._keep(digest, body)
        return entry

    def turn_away(self, arrival: Arrival) -> None:
        """Enter a request whose connection is closed before it is read."""
        self._refuse(replace(self._entry(arrival), fault=_kind(arrival.fault), http=NO_ANSWER))

    def check_key(self, headers: Mapping[str, str]) -> None:
        """Raise RefusalError 401 unless `x-api-key` is a key; a bearer token is none."""
        key = headers.get("x-api-key", "")
        if not key or self._settings.key not in (None, key):
            raise RefusalError(401, "Unauthorized: the x-api-key header is missing or invalid")

    def _entry(self, arrival: Arrival) -> Entry:
        shapes = self._settings.shapes(arrival.version)
        return Entry(
            ordinal=arrival.ordinal,
            id=str(uuid.uuid4()),
            version=arrival.version,
            received_at=self._now(),
            status="REFUSED",
            shape=shapes[(arrival.ordinal - 1) % len(shapes)],
        )

    async def _keep(self, digest: str, body: bytes) -> None:
        """Keep the inputs as sent, for the history."""
        if self._settings.history and self._settings.history_images == "sent":
            await anyio.Path(self._books.bodies / f"{digest}.json").write_bytes(body)

    def _refuse(self, entry: Entry) -> None:
        """Enter it; a server error counts as worked on, so that the history tells of it."""
        failed = entry.http == 500
        at = entry.received_at
        self._books.add(replace(entry, status="FAILED", finished_at=at) if failed else entry)

    def _check_caller(self, headers: Mapping[str, str]) -> None:
        self.check_key(headers)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusalError(406, "Invalid content type: send application/json")
        if not self.windows.take(self._now()):
            raise RefusalError(429, "Rate limit exceeded", self.windows.headers())

    def _price(self, ordinal: int) -> tuple[int, int]:
        """Draw what the call will take, in milliseconds and micro-credits, if it can be paid."""
        it = self._settings
        drawn = draws.milliseconds(it.seed, ordinal, it.latency, it.latency_spread)
        price = credits.price(drawn, it.price_micro_per_second)
        balance, held = self._books.balance, self._books.held
        if balance - held < price:
            raise RefusalError(
                406,
                f"Insufficient credits: your balance is {credits.plain(balance)}, of which"
                f" {credits.plain(held)} is held for running requests, and this request needs"
                f" {credits.plain(price)}",
            )
        return drawn, price


def _strike(fault: Fault | None, now: float) -> None:
    """Raise what befalls a good call before it is worked on."""
    if fault is not None and fault.kind in HANG_UPS:
        raise HungUpError
    if fault is not None and fault.kind in REFUSALS:
        raise refusing.refusal(fault, now)


def _queued(entry: Entry, drawn: int, price: int) -> Entry:
    usual = None if entry.version == 1 else 200
    http = _ANSWERED.get(entry.fault or "", usual)
    return replace(entry, status="QUEUED", http=http, price_micro=price, milliseconds=drawn)


def _kind(fault: Fault | None) -> str | None:
    return None if fault is None else fault.kind


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
