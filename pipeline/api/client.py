"""The API's verbs: submit, poll, result, download, balance, history."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

from anyio import to_thread

from pipeline.api import wire
from pipeline.api.asking import FREE_SECONDS, LARGEST_JSON, SMALL, Asker
from pipeline.api.classify import Meaning, Means, Operation
from pipeline.api.history import page_rows
from pipeline.api.transport import Request, Transport
from pipeline.errors import ApiError, BrokenConnectionError, Charged
from pipeline.identity import MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import date

    from pipeline.api.answer import Answer
    from pipeline.api.endpoint import Endpoint
    from pipeline.api.upload import Upload
    from pipeline.reconcile import Row

LARGEST_RESULT = 1 << 30
"""The most that a result may have, in bytes (the model's are at most about 90 MB)."""

DOWNLOAD_SECONDS = 600.0
"""The most that fetching a result may take, in seconds."""

_BALANCE_SECONDS, _BALANCE_TRIES = 5.0, 3
_HISTORY_TRIES = 3
_PER_PAGE = 10  # a row may carry its picture
_REDIRECTS = 5


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
        self._asker = Asker(transport, endpoint, sleep)
        self.endpoint = endpoint

    @asynccontextmanager
    async def submit(self, body: Upload) -> AsyncIterator[Answer]:
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
        if answer.status == 200 and not answer.is_bounded and wire.is_cut(body):
            raise BrokenConnectionError("the connection closed in the midst of its JSON")
        return self._asker.classified(Operation.SUBMIT, answer, body)

    async def poll(self, request_id: str, seconds: float = FREE_SECONDS) -> Meaning:
        """Ask once how far a v2 request is; whoever follows it asks again."""
        url = f"{self.endpoint.requests_url}/{quote(request_id, safe='')}/status"
        seconds = min(seconds, FREE_SECONDS)
        meaning, _ = await self._asker.ask(Operation.POLL, url, tries=1, seconds=seconds)
        return meaning

    @asynccontextmanager
    async def result(
        self, request_id: str, seconds: float
    ) -> AsyncIterator[tuple[Meaning, Answer | None]]:
        """Ask for the answer of a v2 request that is done; its body is still to be taken.

        No try begins after `seconds`, and none lasts longer. None where there was no answer at all.
        """
        url = f"{self.endpoint.requests_url}/{quote(request_id, safe='')}"
        async with AsyncExitStack() as stack:
            yield await self._asker.stream(Operation.RESULT, url, seconds, stack)

    async def balance(self) -> int | None:
        """Ask for the account's credits, in micro-credits; None where it cannot be read."""
        if self.endpoint.credits_url is None:
            return None
        url = self.endpoint.credits_url
        meaning, body = await self._asker.ask(
            Operation.BALANCE, url, tries=_BALANCE_TRIES, seconds=_BALANCE_SECONDS
        )
        if meaning.means is Means.REFUSED:
            raise ApiError(meaning.message, charged=Charged.NO, kind=meaning.kind)
        return wire.balance(wire.json_object(body)) if meaning.means is Means.RECEIVED else None

    async def request(self, request_id: str) -> Row | None:
        """Ask the history for one request, of whatever age.

        None where it does not show it, or there is no history. Raises ApiError where it cannot be
        read.
        """
        if self.endpoint.history_url is None:
            return None
        url = f"{self.endpoint.history_url}/{quote(request_id, safe='')}"
        meaning, body = await self._asker.ask(
            Operation.HISTORY, url, tries=_HISTORY_TRIES, most=LARGEST_JSON
        )
        if meaning.means is Means.EXPIRED:
            return None
        rows = await self._rows(meaning, body)
        if not rows or rows[0].request_id != request_id:
            raise _unread(meaning)
        return rows[0]

    async def requests(self, first: date, last: date, page: int) -> list[Row]:
        """Ask the history for a page of the requests of some days, both included, from page 1 on.

        An empty page is behind the last. Raises ApiError where it cannot be read whole.
        """
        asked = urlencode(
            {
                "model_name": MODEL,
                "from_date": first.isoformat(),
                "to_date": last.isoformat(),
                "page": page,
                "per_page": _PER_PAGE,
            }
        )
        url = f"{self.endpoint.history_url}?{asked}"
        meaning, body = await self._asker.ask(
            Operation.HISTORY, url, tries=_HISTORY_TRIES, most=LARGEST_JSON
        )
        rows = await self._rows(meaning, body)
        if rows is None:
            raise _unread(meaning)
        return rows

    async def _rows(self, meaning: Meaning, body: bytes) -> list[Row] | None:
        """Read rows, in a thread: they may carry pictures, which are hashed."""
        if meaning.means is not Means.RECEIVED:
            return None
        secret = self.endpoint.secret.encode()
        bare = body.replace(secret, b"[key]") if secret else body
        return await to_thread.run_sync(page_rows, bare)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Answer]:
        """GET a result file, without the key. Raises ApiError where it is not to be had.

        The error's kind is `link_dead` where the file is gone; any other is worth a later try.
        """
        for _ in range(_REDIRECTS + 1):
            async with self._transport.send(Request("GET", url, DOWNLOAD_SECONDS)) as answer:
                body = b"" if answer.status == 200 else await answer.head(SMALL)
                meaning = self._asker.classified(Operation.DOWNLOAD, answer, body)
                if meaning.means is Means.RECEIVED:
                    yield answer
                    return
            if meaning.means is not Means.REDIRECT:
                raise ApiError(meaning.message, charged=Charged.YES, kind=meaning.kind)
            url = _target(url, answer.headers.get("location", ""))
        raise _astray(f"leads through more than {_REDIRECTS} redirects")


def _unread(meaning: Meaning) -> ApiError:
    said = meaning.message or "it is no list of requests"
    message = f"the provider's history cannot be read: {said}"
    return ApiError(message, charged=Charged.NO, kind="history")


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
