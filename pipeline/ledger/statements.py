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


def _named(file: str) -> dict[str, str]:
    return {name: body.strip() for name, body in _NAMED.findall(_text(file))}


SQL: Mapping[str, str] = _named("queries.sql")
"""Each statement of queries.sql by its name."""

MIGRATIONS: Mapping[int, str] = {
    int(name.removeprefix("to_")): script for name, script in _named("migrations.sql").items()
}
"""The script that makes a ledger one of a version, out of one of the version before."""
