"""The contenders, as commands that carry out an order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.weighing import python

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.order import Order


@dataclass(frozen=True, slots=True)
class Contender:
    """`command` gives what is to be run, with its files in a folder."""

    name: str
    title: str
    command: Callable[[Order, Path], list[str]]


def _catalog3d(order: Order, folder: Path) -> list[str]:
    """Write a manifest; its ledger is a new one."""
    results = Path(order.results)
    manifest = {
        "api": {"url": order.submit_url},
        "limits": {"concurrency": order.in_flight},
        "budget": {"credits": "unlimited"},
        "output": {"path": str(results), "ledger": str(folder / "ledger.sqlite")},
        "jobs": [{"image": photo} for photo in order.photos],
    }
    path = folder / "catalogue.yaml"
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return python("pipeline", "run", path)


def _module(name: str, order: Order, folder: Path) -> list[str]:
    path = folder / "order.json"
    order.write(path)
    return python(f"bench.contenders.{name}", path)


BARE = "bare"
"""What the others are held against."""

FIELD = (
    Contender("catalog3d", "catalog3d", _catalog3d),
    Contender(BARE, "bare aiohttp loop", partial(_module, "bare")),
    Contender("sdk", "segmind SDK, threads", partial(_module, "sdk")),
    Contender("requests", "requests, threads", partial(_module, "requested")),
)
