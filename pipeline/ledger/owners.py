"""Whose an id is when manifests share a ledger, and when it passes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def is_gone(folder: Path, manifest: str) -> bool:
    """Tell whether a manifest was renamed or deleted, so that its ids may pass on to another.

    `manifest` is its name in the ledger: its path from the ledger's `folder`, taken as text, as it
    was written; a symbolic link on the way would lead `..` elsewhere. A file that cannot be looked
    at (permissions, a failing disk) is not gone: its ids would be bought again.
    """
    try:
        os.stat(os.path.normpath(os.path.join(os.path.abspath(folder), manifest)))  # noqa: PTH100, PTH116, PTH118 - as text, see above
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
