"""A request as it was sent and as the history shows it, spelled so that the two can be compared."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipeline.model import Link


class RowState(StrEnum):
    """Where a request stands by the history."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Row:
    """A request as the history shows it. What it does not show is None; `credits` in micro-credits.

    `parameters` are canonical; the hashes are those of the pictures' bytes.
    """

    request_id: str
    state: RowState
    credits: int | None = None
    parameters: str | None = None
    image_sha256: str | None = None
    mask_sha256: str | None = None
    created_at: datetime | None = None
    links: tuple[Link, ...] = ()
    error: str = ""

    @property
    def is_billed(self) -> bool:
        """Whether the request cost something, or will; a failure that tells no cost did not."""
        return self.state is not RowState.FAILED or bool(self.credits)

    def joined(self, other: Row) -> Row:
        """Make one of two rows of a request: each has the whole cost, and a file of its own."""
        told = self if self.state is RowState.COMPLETED else other
        urls = {link.url for link in self.links}
        more = (link for link in other.links if link.url not in urls)
        parts = (
            replace(link, role=f"part{number}")
            for number, link in enumerate(more, start=len(self.links) + 1)
        )
        return replace(told, links=(*self.links, *parts))


@dataclass(frozen=True, slots=True)
class Asked:
    """An attempt, as far as rows are told apart by it.

    `is_open` where nobody knows its bill; `in_hand` where its ticket waits for it. One that has a
    `request_id` is claimed by that row alone.
    """

    number: int
    protocol: str
    sent_at: datetime
    parameters: str | None = None
    image_sha256: str | None = None
    mask_sha256: str | None = None
    request_id: str | None = None
    is_open: bool = True
    is_billed: bool = False
    in_hand: bool = True

    def is_shown_by(self, row: Row) -> bool:
        """Tell whether a row of this request shows what was sent.

        If it does not, rows cannot be compared with what was sent, and prove nothing by absence.
        """
        alike = self.parameters is not None and self.parameters == row.parameters
        pictures = same(self.image_sha256, row.image_sha256)
        return (
            alike and pictures is not False and same(self.mask_sha256, row.mask_sha256) is not False
        )

    @property
    def shape(self) -> str:
        """Which fields were sent: only a request of the same shape shows how they are shown."""
        fields = json.loads(self.parameters or "{}")
        sent = sorted(name for name, value in fields.items() if value is not None)
        return " ".join([*sent, *(["mask"] if self.mask_sha256 else [])])


def canonical(fields: Mapping[str, Any]) -> str | None:
    """Spell a request's parameters in the one way in which equal ones are equal text.

    Points and box may be text or lists. None where there is no seed: it always goes, so what lacks
    it is no request of ours as it was sent.
    """
    if not isinstance(seed := _number(fields.get("seed")), int):
        return None
    prompt = fields.get("prompt")
    known = {
        "prompt": (prompt.strip() or None) if isinstance(prompt, str) else prompt,
        "point_coords": _numbers(fields.get("point_coords")),
        "bounding_box": _numbers(fields.get("bounding_box")),
        "seed": seed,
        "include_artifacts": fields.get("include_artifacts") or False,
    }
    try:
        return json.dumps(known, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return None


def same(ours: str | None, theirs: str | None) -> bool | None:
    """Compare two hashes; None where one is not known."""
    return None if ours is None or theirs is None else ours == theirs


def _numbers(given: Any) -> Any:
    """Read points or a box, as text or as lists, with equal numbers spelled equally."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return given.strip() or None
    return _plain(given, depth=0)


def _plain(given: Any, depth: int) -> Any:
    if isinstance(given, list) and depth < 3:  # points are lists of lists of numbers
        return [_plain(each, depth + 1) for each in given]
    return _number(given)


def _number(given: Any) -> Any:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        return int(given)
    if isinstance(given, float) and given.is_integer():
        return int(given)
    return given
