"""What an answer means: one pure function over the table of the money rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pipeline.api import wire
from pipeline.errors import Charged
from pipeline.formats import Format, sniff
from pipeline.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping


class Operation(StrEnum):
    """What was asked of the API. Only a submit is paid for."""

    SUBMIT = "submit"
    POLL = "poll"
    RESULT = "result"
    DOWNLOAD = "download"
    HISTORY = "history"
    BALANCE = "balance"


class Means(StrEnum):
    """What follows from an answer."""

    RECEIVED = "received"  # it is there, and billed where it is a submit's
    ACCEPTED = "accepted"  # queued under a request id
    RUNNING = "running"  # not done yet
    READY = "ready"  # done: its result can be asked for
    AGAIN = "again"  # worth another try
    FAILED = "failed"  # it ran and failed, unbilled: worth another try
    GIVE_UP = "give_up"  # the job is wrong, another try will not help
    FAILED_BILLED = "failed_billed"  # it ran, failed, and cost
    REFUSED = "refused"  # the whole run is wrong
    NO_CREDITS = "no_credits"  # admission ends
    UNREADABLE = "unreadable"  # a 406 that does not say why
    LIMITED = "limited"  # all wait for the reset
    LOST = "lost"  # may have been billed
    EXPIRED = "expired"  # the request's record, or its file, is not kept any more
    REDIRECT = "redirect"  # a download that moved


@dataclass(frozen=True, slots=True)
class Meaning:
    """An answer, understood. `kind` and `message` are fit for a job's `error`."""

    means: Means
    charged: Charged
    kind: str = ""
    message: str = ""
    request_id: str | None = None
    receipt: Receipt = field(default_factory=Receipt)


_CREDITS = re.compile(r"credit|balance|spend|spent|billing|quota|payment|funds")
_CONTENT_TYPE = re.compile(r"content[ _-]?type|media[ _-]?type")
_LACKING = re.compile(r"insufficient|not enough|exceed|exhaust|reached|limit|out of|top.?up")
_PARAMETER = re.compile(
    r"\b(parameter|field|image|prompt|mask|point_coords|point|bounding_box|box|seed|include_artifacts)\b"
)
_STOPPING = {
    401: (
        "unauthorized",
        "the API key is missing or wrong; set the variable of api.key_env",
    ),
    403: ("forbidden", "this account may not call this model; ask the provider"),
    404: ("not_found", "there is no such model at this URL; check api.url"),
    405: ("method_not_allowed", "this URL takes no POST; check api.url"),
    410: ("gone", "the model was retired; check api.url"),
    415: ("content_type", "this URL takes no JSON; check api.url"),
}


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer, read: its JSON object or {}, what it says went wrong, what it says of itself.

    `brings` tells whether its body may hold a result.
    """

    status: int
    headers: Mapping[str, str]
    answer: dict[str, Any]
    said: str
    receipt: Receipt
    brings: bool = False

    @property
    def text(self) -> str:
        return f"HTTP {self.status}: {self.said}" if self.said else f"HTTP {self.status}"

    def means(
        self,
        means: Means,
        charged: Charged,
        kind: str = "",
        message: str | None = None,
        request_id: str | None = None,
    ) -> Meaning:
        """Give the meaning, with what the answer says of itself; without trouble, no message."""
        text = (self.text if kind else "") if message is None else message
        return Meaning(means, charged, kind, text, request_id, self.receipt)


def classify(operation: Operation, status: int, headers: Mapping[str, str], body: bytes) -> Meaning:
    """Say what an answer means; every part of the client goes by this.

    `headers` have lower-case names. `body` is the whole of a small body; of a submit's 200 it is
    the head, and empty where the bill is journaled before the body is read (v1). Never raises.
    """
    answer = wire.json_object(body)
    receipt = wire.receipt(headers, answer, named=operation is Operation.SUBMIT)
    brings = bool(body) and sniff(body) is not Format.HTML and not wire.is_running(answer)
    read = _Read(status, headers, answer, wire.error_text(answer, body), receipt, brings)
    match operation:
        case Operation.SUBMIT:
            return _submit(read)
        case Operation.POLL | Operation.RESULT:
            return _follow(operation, read)
        case Operation.DOWNLOAD:
            return _download(read)
        case Operation.HISTORY | Operation.BALANCE:
            return _ask(read)


def _submit(read: _Read) -> Meaning:
    """Read a submit's answer by its status; an error that tells a cost was billed all the same."""
    billed = read.status >= 400 and not wire.is_free(read.headers, read.answer)
    return _failed(read) if billed else _answered(read)


def _answered(read: _Read) -> Meaning:
    match read.status:
        case 200 | 201 | 202 | 203:
            return _taken(read)
        case 402 | 406:
            return _not_acceptable(read)
        case 401 | 403 | 404 | 405 | 410 | 415:
            return _refused(read, *_STOPPING[read.status])
        case status if 300 <= status < 400:
            return _redirected(read)
        case 422 | 429 | 500 | 503:
            return _turned_away(read)
        case _:
            return _troubled(read)


def _taken(read: _Read) -> Meaning:
    """Read a success; only 200 is documented, its kin may hold a body that is paid for too."""
    if wire.is_queued(read.answer):
        return read.means(Means.ACCEPTED, Charged.MAYBE, request_id=read.receipt.request_id)
    if wire.is_failed(read.answer) and wire.names_request(read.answer):
        return _failed(read)
    return read.means(Means.RECEIVED, Charged.YES)


def _not_acceptable(read: _Read) -> Meaning:
    """Tell 406's meanings apart by its words; there is no code (the words are unpublished).

    A parameter's name beside a word for money, which a quoted prompt may be, is not readable.
    """
    said = read.said.lower()
    money, parameter = _CREDITS.search(said), _PARAMETER.search(said)
    if read.status == 402 or (money and (_LACKING.search(said) or not parameter)):
        return read.means(Means.NO_CREDITS, Charged.NO, "out_of_credits")
    if money:
        return read.means(Means.UNREADABLE, Charged.NO, "not_acceptable")
    if _CONTENT_TYPE.search(said):
        return read.means(Means.REFUSED, Charged.NO, "content_type")
    if parameter:
        return read.means(Means.GIVE_UP, Charged.NO, "rejected")
    return read.means(Means.UNREADABLE, Charged.NO, "not_acceptable")


def _refused(read: _Read, kind: str, advice: str) -> Meaning:
    return read.means(Means.REFUSED, Charged.NO, kind, f"{read.text}: {advice}")


def _redirected(read: _Read) -> Meaning:
    target = wire.one_line(read.headers.get("location", "")) or "an unknown place"
    message = (
        f"the API redirects to {target} (HTTP {read.status}); it was not followed, because the "
        "key would go there too: check api.url"
    )
    return read.means(Means.REFUSED, Charged.NO, "redirect", message)


def _turned_away(read: _Read) -> Meaning:
    match read.status:
        case 429:
            return read.means(Means.LIMITED, Charged.NO, "rate_limited")
        case 422 if wire.is_failed(read.answer):
            return _failed(read)
        case 422:
            return read.means(Means.GIVE_UP, Charged.NO, "rejected")
        case _:
            return read.means(Means.AGAIN, Charged.NO, "server_error")


def _troubled(read: _Read) -> Meaning:
    """Tell a call that was turned away from one that something in between has lost sight of."""
    if read.status in {408, 499}:
        message = f"{read.text}: time ran out on the way; the call may have been made and billed"
        return read.means(Means.LOST, Charged.MAYBE, "gateway", message)
    if 400 <= read.status < 500:
        return read.means(Means.GIVE_UP, Charged.NO, "rejected")
    if 500 <= read.status < 600:
        message = (
            f"{read.text}: a gateway gave up; the call behind it may have finished and been billed"
        )
        return read.means(Means.LOST, Charged.MAYBE, "gateway", message)
    message = f"{read.text}: no such answer is documented"
    return read.means(Means.LOST, Charged.MAYBE, "unexpected_status", message)


def _follow(operation: Operation, read: _Read) -> Meaning:
    """Read a poll or a result; a terminal `status` in the body counts whatever the HTTP code."""
    if wire.is_failed(read.answer):
        return _failed(read)
    if wire.is_completed(read.answer):
        done = Means.READY if operation is Operation.POLL else Means.RECEIVED
        return read.means(done, Charged.YES)
    if operation is Operation.RESULT and read.status == 200 and read.brings:
        return read.means(Means.RECEIVED, Charged.YES)
    if read.status == 200 and wire.is_running(read.answer):
        return read.means(Means.RUNNING, Charged.MAYBE)
    if read.status == 404:
        message = f"{read.text}: its record is not kept any more"
        return read.means(Means.EXPIRED, Charged.MAYBE, "expired", message)
    return _free(read, Charged.MAYBE, "poll_failed")


def _failed(read: _Read) -> Meaning:
    """Read a failure's bill; a cost that cannot be read is one."""
    said = f"the service ran the job and failed: {read.said or read.text}"
    if wire.is_free(read.headers, read.answer):
        return read.means(Means.FAILED, Charged.NO, "service_failed", said)
    return read.means(Means.FAILED_BILLED, Charged.YES, "failed_billed", said)


def _download(read: _Read) -> Meaning:
    match read.status:
        case 200:
            return read.means(Means.RECEIVED, Charged.YES)
        case 301 | 302 | 303 | 307 | 308:
            return read.means(Means.REDIRECT, Charged.YES, "redirect")
        case 403 | 404 | 410:
            return read.means(Means.EXPIRED, Charged.YES, "link_dead")
        case _:
            return read.means(Means.AGAIN, Charged.YES, "download_failed")


def _ask(read: _Read) -> Meaning:
    match read.status:
        case 200:
            return read.means(Means.RECEIVED, Charged.NO)
        case 404:
            return read.means(Means.EXPIRED, Charged.NO, "no_record")
        case _:
            return _free(read, Charged.NO, "unreadable")


def _free(read: _Read, charged: Charged, kind: str) -> Meaning:
    """Read what a call that costs nothing was refused with."""
    match read.status:
        case 401:
            unauthorized, advice = _STOPPING[401]
            return read.means(Means.REFUSED, charged, unauthorized, f"{read.text}: {advice}")
        case 429:
            return read.means(Means.LIMITED, charged, "rate_limited")
        case 400 | 403 | 405 | 406 | 410:
            return read.means(Means.GIVE_UP, charged, kind)
        case _:
            return read.means(Means.AGAIN, charged, kind)
