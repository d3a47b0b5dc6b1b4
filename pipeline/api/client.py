"""The API's verbs: submit, poll, result, download, balance."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt

from pipeline.api import wire
from pipeline.api.classify import Meaning, Means, Operation, classify
from pipeline.api.transport import Request, Transport
from pipeline.errors import AnswerTooLargeError, ApiError, Charged, UsageError
from pipeline.formats import Format, sniff
from pipeline.retry import FREE, FREE_TRIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pipeline.api.answer import Answer

T = TypeVar("T")

SMALL = 1 << 20
"""The most that is read of an answer which should be small, in bytes."""

_LARGEST_JSON = 64 << 20

LARGEST_RESULT = 1 << 30
"""The most that a result may have, in bytes (the model's are at most about 90 MB)."""

_FREE_SECONDS = 15.0
_DOWNLOAD_SECONDS = 600.0
_BALANCE_SECONDS, _BALANCE_TRIES = 5.0, 3
_REDIRECTS = 5
_KEY = re.compile(r"[!-~]{1,4096}")
_SECRET_LENGTH = 8
_VERSION = re.compile(r"/v[12]/")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is. `key` goes to these URLs' hosts and nowhere else; it is never shown.

    `timeout` in seconds: one v1 call, or one v2 job from submit to result. Raises UsageError for
    a key that cannot stand in a header.
    """

    url: str
    protocol: str
    key: str = field(repr=False)
    timeout: float
    credits_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse a key that HTTP cannot carry, before anything is sent with it."""
        if not _KEY.fullmatch(self.key):
            raise UsageError("the API key is empty, or holds characters that no key has")

    @property
    def requests_url(self) -> str:
        """Where v2's requests are asked for, on the API's own host whatever an answer says."""
        return f"{_VERSION.split(self.url, maxsplit=1)[0]}/v2/requests"


class _Again(Exception):  # noqa: N818 - a signal to tenacity, never seen outside
    def __init__(self, meaning: Meaning) -> None:
        super().__init__(meaning.message)
        self.meaning = meaning


class Client:
    """Calls the API. Submits once, and never again by itself; free calls are tried again.

    `sleep` waits between the tries of free calls.
    """

    def __init__(
        self,
        transport: Transport,
        endpoint: Endpoint,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self.endpoint = endpoint
        self._sleep = sleep

    @asynccontextmanager
    async def submit(self, body: bytes) -> AsyncIterator[Answer]:
        """POST once: this is what costs. Raises NoConnectionError, BrokenConnectionError."""
        endpoint = self.endpoint
        request = Request("POST", endpoint.url, endpoint.timeout, body, endpoint.key)
        async with self._transport.send(request) as answer:
            yield answer

    async def understand(self, answer: Answer) -> Meaning:
        """Say what a submit's answer means, reading no more of it than that takes.

        v1's 200 is billed by its headers, before its body is read.
        """
        blocking = self.endpoint.protocol == "v1" and answer.status == 200
        body = b"" if blocking else await answer.head(SMALL)
        return self._classified(Operation.SUBMIT, answer, body)

    async def poll(self, request_id: str) -> Meaning:
        """Ask once how far a v2 request is; whoever follows it asks again."""
        url = f"{self.endpoint.requests_url}/{quote(request_id, safe='')}/status"
        meaning, _ = await self._ask(Operation.POLL, url, tries=1)
        return meaning

    @asynccontextmanager
    async def result(self, request_id: str) -> AsyncIterator[tuple[Meaning, Answer | None]]:
        """Ask for the answer of a v2 request that is done; its body is still to be taken.

        None where there was no answer at all.
        """
        url = f"{self.endpoint.requests_url}/{quote(request_id, safe='')}"
        async with AsyncExitStack() as stack:
            yield await self._retried(FREE_TRIES, self._result_once, url, stack)

    async def balance(self) -> int | None:
        """Ask for the account's credits, in micro-credits; None where it cannot be read."""
        if self.endpoint.credits_url is None:
            return None
        url = self.endpoint.credits_url
        meaning, body = await self._ask(
            Operation.BALANCE, url, tries=_BALANCE_TRIES, seconds=_BALANCE_SECONDS
        )
        if meaning.means is Means.REFUSED:
            raise ApiError(meaning.message, charged=Charged.NO, kind=meaning.kind)
        return wire.balance(wire.json_object(body)) if meaning.means is Means.RECEIVED else None

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Answer]:
        """GET a result file, without the key. Raises ApiError where it is not to be had.

        The error's kind is `link_dead` where the file is gone; any other is worth a later try.
        """
        for _ in range(_REDIRECTS + 1):
            async with self._transport.send(Request("GET", url, _DOWNLOAD_SECONDS)) as answer:
                body = b"" if answer.status == 200 else await answer.head(SMALL)
                meaning = self._classified(Operation.DOWNLOAD, answer, body)
                if meaning.means is Means.RECEIVED:
                    yield answer
                    return
            if meaning.means is not Means.REDIRECT:
                raise ApiError(meaning.message, charged=Charged.YES, kind=meaning.kind)
            url = _target(url, answer.headers.get("location", ""))
        raise _astray(f"leads through more than {_REDIRECTS} redirects")

    def without_key(self, text: str) -> str:
        """Take the key out of what an answer says, before it is written anywhere."""
        key = self.endpoint.key
        return text.replace(key, "[key]") if len(key) >= _SECRET_LENGTH else text

    async def _ask(
        self,
        operation: Operation,
        url: str,
        *,
        tries: int = FREE_TRIES,
        seconds: float = _FREE_SECONDS,
    ) -> tuple[Meaning, bytes]:
        """GET with the key, and read the whole of a small answer."""
        meaning, body = await self._retried(tries, self._ask_once, operation, url, seconds)
        return meaning, body or b""

    async def _retried(
        self, tries: int, ask: Callable[..., Awaitable[tuple[Meaning, T]]], *args: object
    ) -> tuple[Meaning, T | None]:
        """Try again, free, at errors of the service and the network; give the last one up."""
        retrying = AsyncRetrying(
            sleep=self._sleep,
            wait=FREE.wait,
            stop=stop_after_attempt(tries),
            retry=retry_if_exception_type((ApiError, _Again)),
        )
        try:
            return await retrying(ask, *args)
        except RetryError as error:
            return _last(error), None

    async def _ask_once(
        self, operation: Operation, url: str, seconds: float
    ) -> tuple[Meaning, bytes]:
        request = Request("GET", url, seconds, key=self.endpoint.key)
        async with self._transport.send(request) as answer:
            body = await answer.head(SMALL + 1)
            if len(body) > SMALL:
                raise AnswerTooLargeError(f"the answer is larger than {SMALL:,} bytes")
            return _once(self._classified(operation, answer, body)), body

    async def _result_once(self, url: str, stack: AsyncExitStack) -> tuple[Meaning, Answer]:
        """Understand a result by its head, or by the whole of its JSON if that is not vast."""
        request = Request("GET", url, _DOWNLOAD_SECONDS, key=self.endpoint.key)
        async with AsyncExitStack() as trying:
            answer = await trying.enter_async_context(self._transport.send(request))
            body = await answer.head(SMALL)
            if sniff(body) is Format.JSON and len(body) == SMALL:
                whole = await answer.head(_LARGEST_JSON + 1)
                body = whole if len(whole) <= _LARGEST_JSON else body
            meaning = _once(self._classified(Operation.RESULT, answer, body))
            stack.push_async_exit(trying.pop_all())
            return meaning, answer

    def _classified(self, operation: Operation, answer: Answer, body: bytes) -> Meaning:
        """Classify, with the key taken out of whatever the answer quotes of it.

        Before, because a message is cut and half a key may stay; and after, because JSON and HTML
        can spell it otherwise.
        """
        key, headers = self.endpoint.key, answer.headers
        if len(key) < _SECRET_LENGTH:
            return classify(operation, answer.status, headers, body)
        headers = {name: value.replace(key, "[key]") for name, value in headers.items()}
        bare = body.replace(key.encode(), b"[key]")
        meaning = classify(operation, answer.status, headers, bare)
        receipt = meaning.receipt
        if key in str(receipt.metrics):
            receipt = replace(receipt, metrics={})
        return replace(meaning, message=self.without_key(meaning.message), receipt=receipt)


def _once(meaning: Meaning) -> Meaning:
    """Give a meaning on, unless it asks for another try."""
    if meaning.means in {Means.AGAIN, Means.LIMITED}:
        raise _Again(meaning)
    return meaning


def _target(url: str, location: str) -> str:
    """Resolve a redirect. Raises ApiError where it leads to no web address."""
    try:
        target = urljoin(url, location)
        leads = bool(location) and urlsplit(target).scheme in {"http", "https"}
    except ValueError:
        leads = False
    if not leads:
        raise _astray("redirects to no web address")
    return target


def _astray(how: str) -> ApiError:
    return ApiError(f"the file's link {how}", charged=Charged.YES, kind="download_failed")


def _last(error: RetryError) -> Meaning:
    cause = error.last_attempt.exception()
    if isinstance(cause, _Again):
        return cause.meaning
    return Meaning(Means.AGAIN, Charged.MAYBE, "no_connection", str(cause))
