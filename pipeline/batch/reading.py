"""What a run takes a manifest to mean: its name in the ledger, what it saw, its limits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.concurrency import Adaptive, Fixed
from pipeline.inputs import remembering

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pipeline.inputs import Memo
    from pipeline.manifest import Manifest


def ledger_name(manifest: Manifest) -> str:
    """Give a manifest's name in its ledger: its path, seen from the ledger's folder.

    So a project folder can be moved as a whole.
    """
    return os.path.relpath(manifest.path, manifest.ledger_path.parent)


def memo_of(manifest: Manifest) -> AbstractContextManager[Memo]:
    """Open what is remembered of the pictures: a cache beside the ledger."""
    ledger = manifest.ledger_path
    kept = None
    if manifest.inputs.recheck == "fast":
        kept = ledger.with_name(f"{ledger.name}.seen")
    return remembering(kept, manifest.folder)


def most_at_once(manifest: Manifest) -> int:
    """Give the most calls that may ever be in flight."""
    stated = manifest.limits.concurrency
    return manifest.limits.max_concurrency if stated == "auto" else stated


def limiter(manifest: Manifest) -> Fixed:
    """Give what limits the calls in flight: the stated number, or one that adapts."""
    limits = manifest.limits
    if limits.concurrency == "auto":
        return Adaptive(limits.max_concurrency, timeout=manifest.api.timeout)
    return Fixed(limits.concurrency)
