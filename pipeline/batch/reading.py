"""What a run takes a manifest to mean: its name in the ledger, its limits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.concurrency import Adaptive, Fixed

if TYPE_CHECKING:
    from pipeline.manifest import Manifest


def ledger_name(manifest: Manifest) -> str:
    """Give a manifest's name in its ledger: its path, seen from the ledger's folder.

    So a project folder can be moved as a whole.
    """
    return os.path.relpath(manifest.path, manifest.ledger_path.parent)


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
