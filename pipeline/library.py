"""Running a manifest from a program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.batch import Options, Summary, find_key
from pipeline.batch import run as run_batch
from pipeline.manifest import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Event


async def run(
    manifest: str | os.PathLike[str],
    *,
    key: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    options: Options | None = None,
) -> Summary:
    """Do what a manifest asks for; return the summary that `catalog3d run` prints.

    `key` is the API key; without it, the manifest's environment variable. `on_event` hears of
    everything while it happens, and must return at once. Runs under asyncio.

    Raises ManifestError with every fault of the text, UsageError where something is missing,
    LedgerLockedError where another run holds the ledger, LedgerError where it cannot be used. All
    else is in the summary: `exit_code`, `stop`, `jobs`, `money`.
    """
    loaded = load(Path(manifest))
    found = key or find_key(loaded.api.key_env, os.environ)
    return await run_batch(loaded, key=found, on_event=on_event, options=options)
