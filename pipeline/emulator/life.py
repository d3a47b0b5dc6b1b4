"""When the server ends: at a signal, or at the end of what its parent holds open for it."""

import contextlib
import os
import signal
import sys

import anyio


async def until_signal() -> None:
    """Return at SIGINT or SIGTERM."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return


async def until_eof() -> None:
    """Return when stdin ends: a parent that holds its pipe open takes this process with it."""
    descriptor = sys.stdin.fileno()
    while True:
        with contextlib.suppress(PermissionError):  # a file cannot be waited on: it is readable
            await anyio.wait_readable(descriptor)
        if not os.read(descriptor, 65_536):
            return
