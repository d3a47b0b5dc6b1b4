"""Where text for people goes: a terminal, or a file that nothing should be wrapped or cut for."""

from __future__ import annotations

import sys
from typing import NoReturn

from rich.console import Console

_UNWRAPPED = 10_000


class Printer(Console):
    """stdout. A reader that has left is the caller's affair, not the end of the process."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _UNWRAPPED
        super().__init__(highlight=False, width=width)

    def on_broken_pipe(self) -> NoReturn:
        """Let the command deal with it."""
        raise BrokenPipeError
