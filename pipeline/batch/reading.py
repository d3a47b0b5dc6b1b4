"""What a run takes a manifest to mean: its name in the ledger, its concurrency."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.manifest import Manifest


def ledger_name(manifest: Manifest) -> str:
    """Give a manifest's name in its ledger: its path, seen from the ledger's folder.

    So a project folder can be moved as a whole.
    """
    return os.path.relpath(manifest.path, manifest.ledger_path.parent)


AUTO_CONCURRENCY = 8
"""Calls in flight where the manifest leaves it to us."""


def concurrent(manifest: Manifest) -> int:
    """Give how many calls may be in flight."""
    stated = manifest.limits.concurrency
    return min(AUTO_CONCURRENCY, manifest.limits.max_concurrency) if stated == "auto" else stated
