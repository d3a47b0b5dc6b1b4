"""Calls that cost nothing: asked again until they are answered, within bounds."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import anyio
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
)

from pipeline.api.classify import Meaning, Means, Operation, classify
from pipeline.api.transport import Request, Transport
from pipeline.errors import AnswerTooLargeError, ApiError, Charged
from pipeline.formats import Format, sniff
from pipeline.retry import FREE, FREE_TRIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity.stop import stop_base

    from pipeline.api.answer import Answer
    from pipeline.api.endpoint import Endpoint

T = TypeVar("T")

SMALL = 1 << 20
"""The most that is read of an answer which should be small, in bytes."""

LARGEST_JSON = 64 << 20
"""The most that is read of an answer which may hold models or pictures as text, in bytes."""

_VAST_AT_ONCE = 2  # such an answer stands in memory until it is taken

FREE_SECONDS = 15.0
"""The most that one try of a free call may take, in seconds."""


class _Again(Exception):  # noqa: N818 - a signal to tenacity, never seen outside
    def __init__(self, meaning: Meaning) -> None:
        super().__init__(meaning.message)
        self.meaning = meaning


class Asker:
    """Asks, and asks again at errors of the service and the network; it costs nothing.

    `sleep` waits between the tries.
    """

    def __init__(
        self,
        transport: Transport,
        endpoint: Endpoint,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._sleep = sleep
        self._vast = anyio.Semaphore(_VAST_AT_ONCE)

    async def ask(
        self,
        operation: Operation,
        url: str,
        *,
        tries: int = FREE_TRIES,
        seconds: float = FREE_SECONDS,
        most: int = SMALL,
    ) -> tuple[Meaning, bytes]:
        """GET with the key, and read the whole of an answer of at most `most` bytes."""
        stop = stop_after_attempt(tries)
        meaning, body = await self._retried(stop, self._ask_once, operation, url, seconds, most)
        return meaning, body or b""

    async def stream(
        self, operation: Operation, url: str, seconds: float, stack: AsyncExitStack
    ) -> tuple[Meaning, Answer | None]:
        """GET with the key an answer whose body is still to be taken, until `stack` is left.

        No try begins after `seconds`, and none lasts longer. None where there was no answer at all.
        """
        stop = stop_after_attempt(FREE_TRIES) | stop_after_delay(seconds)
        return await self._retried(stop, self._stream_once, operation, url, seconds, stack)

    def classified(self, operation: Operation, answer: Answer, body: bytes) -> Meaning:
        """Classify, with the key taken out of whatever the answer quotes of it.

        Before, because a message is cut and half a key may stay; and after, because JSON and HTML
        can spell it otherwise.
        """
        key, headers = self._endpoint.secret, answer.headers
        if not key:
            return classify(operation, answer.status, headers, body)
        headers = {name: value.replace(key, "[key]") for name, value in headers.items()}
        bare = body.replace(key.encode(), b"[key]")
        meaning = classify(operation, answer.status, headers, bare)
        receipt = meaning.receipt
        if key in str(receipt.metrics):
            receipt = replace(receipt, metrics={})
        return replace(
            meaning, message=self._endpoint.without_key(meaning.message), receipt=receipt
        )

    async def _retried(
        self, stop: stop_base, ask: Callable[..., Awaitable[tuple[Meaning, T]]], *args: object
    ) -> tuple[Meaning, T | None]:
        """Try again, free, at errors of the service and the network; give the last one up."""
        retrying = AsyncRetrying(
            sleep=self._sleep,
            wait=FREE.wait,
            stop=stop,
            retry=retry_if_exception(_may_pass),
        )
        try:
            return await retrying(ask, *args)
        except RetryError as error:
            return _last(error.last_attempt.exception()), None
        except AnswerTooLargeError as error:
            return _last(error), None

    async def _ask_once(
        self, operation: Operation, url: str, seconds: float, most: int
    ) -> tuple[Meaning, bytes]:
        request = Request("GET", url, seconds, key=self._endpoint.key)
        async with self._transport.send(request) as answer:
            body = await answer.head(most + 1)
            if len(body) > most:
                raise AnswerTooLargeError(f"the answer is larger than {most:,} bytes")
            return _once(self.classified(operation, answer, body)), body

    async def _stream_once(
        self, operation: Operation, url: str, seconds: float, stack: AsyncExitStack
    ) -> tuple[Meaning, Answer]:
        """Understand an answer by its head, or by the whole of its JSON if that is not vast."""
        request = Request("GET", url, seconds, key=self._endpoint.key)
        async with AsyncExitStack() as trying:
            answer = await trying.enter_async_context(self._transport.send(request))
            body = await answer.head(SMALL)
            if sniff(body) is Format.JSON and len(body) == SMALL:
                await trying.enter_async_context(self._vast)
                whole = await answer.head(LARGEST_JSON + 1)
                body = whole if len(whole) <= LARGEST_JSON else body
            meaning = _once(self.classified(operation, answer, body))
            stack.push_async_exit(trying.pop_all())
            return meaning, answer


def _once(meaning: Meaning) -> Meaning:
    """Give a meaning on, unless it asks for another try."""
    if meaning.means in {Means.AGAIN, Means.LIMITED}:
        raise _Again(meaning)
    return meaning


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ApiError | _Again) and not isinstance(error, AnswerTooLargeError)


def _last(cause: BaseException | None) -> Meaning:
    if isinstance(cause, _Again):
        return cause.meaning
    return Meaning(Means.AGAIN, Charged.MAYBE, "no_connection", str(cause))
