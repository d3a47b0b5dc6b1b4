"""The ledger's SQL, read by name from queries.sql."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED = re.compile(r"^-- name: (\w+)  .+\n((?:(?!-- name:).*\n?)+)", re.MULTILINE)


def _text(name: str) -> str:
    return files("pipeline.ledger").joinpath(name).read_text(encoding="utf-8")


SCHEMA = _text("schema.sql")
"""Makes an empty file a ledger of the present version."""

SQL: Mapping[str, str] = {name: body.strip() for name, body in _NAMED.findall(_text("queries.sql"))}
"""Each statement of queries.sql by its name."""
