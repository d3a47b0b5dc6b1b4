"""One request as the books tell it."""

from dataclasses import dataclass, fields
from typing import Literal

Status = Literal["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "REFUSED"]
NO_ANSWER = 0  # in place of an HTTP status: the connection was closed with nothing sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The columns of `request` in schema.sql, where their meaning stands."""

    ordinal: int
    id: str
    version: int
    received_at: float
    status: Status
    http: int | None = None
    fault: str | None = None
    shape: str | None = None
    params: str | None = None
    image_sha256: str | None = None
    mask_sha256: str | None = None
    body_sha256: str | None = None
    price_micro: int = 0
    milliseconds: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    billed_micro: int = 0
    remaining_micro: int | None = None
    error: str | None = None


COLUMNS = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True, slots=True)
class Pictures:
    """The encoded pictures of a request, as they came."""

    image: bytes
    mask: bytes | None
