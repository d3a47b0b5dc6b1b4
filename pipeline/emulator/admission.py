"""What a submit must pass before it is worked on, and what it then holds back from the account."""

import hashlib
import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import anyio.to_thread

from . import credits, draws, faults, wire
from .books import Books, Entry, Pictures
from .fetch import fetch, is_url
from .modelling import picture
from .rate import FixedWindows
from .refusal import RefusalError
from .settings import Settings

MAX_BODY = 32 * 2**20  # ours: the provider publishes no limit


class Admission:
    """The gate of both versions of the API."""

    def __init__(self, settings: Settings, books: Books, now: Callable[[], float]) -> None:
        self._settings = settings
        self._books = books
        self._now = now
        self._ordinals = itertools.count(books.last_ordinal + 1)
        self.windows = FixedWindows(settings.requests_per_minute, settings.rate_window)

    async def admit(
        self, version: int, headers: Mapping[str, str], body: bytes, limiter: anyio.CapacityLimiter
    ) -> Entry:
        """Enter the request as QUEUED with its price held back, or as REFUSED and raise.

        The pictures are decoded in threads of `limiter`. Raises RefusalError.
        """
        entry = Entry(
            id=str(uuid.uuid4()),
            version=version,
            received_at=self._now(),
            status="REFUSED",
            body_sha256=hashlib.sha256(body).hexdigest(),
        )
        try:
            self._check_caller(headers)
            submit = await anyio.to_thread.run_sync(wire.parse, body)
            entry = replace(entry, params=submit.parameters.text())
            pictures = await _pictures(submit, limiter)
            digest = hashlib.sha256(pictures.image).hexdigest()
            entry = self._reserve(replace(entry, image_sha256=digest))
        except RefusalError as refusal:
            self._books.add(replace(entry, http=refusal.status, error=refusal.message))
            raise
        self._books.add(entry, pictures)
        return entry

    def check_key(self, headers: Mapping[str, str]) -> None:
        """Raise RefusalError 401 unless `x-api-key` is a key; a bearer token is none."""
        key = headers.get("x-api-key", "")
        if not key or self._settings.key not in (None, key):
            raise RefusalError(401, "Unauthorized: the x-api-key header is missing or invalid")

    def _check_caller(self, headers: Mapping[str, str]) -> None:
        self.check_key(headers)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusalError(406, "Invalid content type: send application/json")
        if not self.windows.take(self._now()):
            raise RefusalError(429, "Rate limit exceeded", self.windows.headers())

    def _reserve(self, entry: Entry) -> Entry:
        """Draw what the request will take, and hold its price back; no await may come between."""
        it = self._settings
        drawn = draws.draw(it.seed, next(self._ordinals), it.latency, it.latency_spread)
        price = credits.price(drawn.milliseconds, it.price_micro_per_second)
        balance, held = self._books.balance, self._books.held
        if balance - held < price:
            raise RefusalError(
                406,
                f"Insufficient credits: your balance is {credits.plain(balance)}, of which"
                f" {credits.plain(held)} is held for running requests, and this request needs"
                f" {credits.plain(price)}",
            )
        match faults.strike(it.faults, drawn.fault):
            case "500":
                raise RefusalError(500, "Server had some issue with processing")
            case None:
                return replace(
                    entry,
                    status="QUEUED",
                    http=None if entry.version == 1 else 200,
                    price_micro=price,
                    milliseconds=drawn.milliseconds,
                )


async def _pictures(submit: wire.Submit, limiter: anyio.CapacityLimiter) -> Pictures:
    image = await _picture("image", submit.image, limiter)
    mask = None if submit.mask is None else await _picture("mask", submit.mask, limiter)
    return Pictures(image, mask)


async def _picture(name: str, text: str, limiter: anyio.CapacityLimiter) -> bytes:
    if is_url(text):
        data = await fetch(name, text, MAX_BODY)
    else:
        data = await anyio.to_thread.run_sync(wire.decode, name, text)
    try:
        await anyio.to_thread.run_sync(partial(picture.check, name, data), limiter=limiter)
    except picture.PictureError as problem:
        raise RefusalError(400, str(problem)) from None
    return data
