"""catalog3d: product photographs into 3D models, in batches, each bought once.

`from pipeline import run` runs a manifest from a program; see `pipeline.library`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library import run

__all__ = ["__version__", "run"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the library when it is first asked for, so that the command starts without it."""
    if name == "run":
        return import_module("pipeline.library").run
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
