"""The bundled local API, as a process of its own for the length of a run."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

import anyio
from anyio.streams.text import TextReceiveStream

from pipeline.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SPEED = "15"
"""How much faster than the nominal 33 s a call is, in wall time; the bill does not change."""

_START_SECONDS = 30.0


class HostingError(CatalogError):
    """The local API did not start."""

    kind = "emulator"


@asynccontextmanager
async def hosted(books: Path) -> AsyncIterator[dict[str, str]]:
    """Start the local API on a free port, and give its URLs (`v1`, `v2`, `credits_url`).

    Its books stand in the folder `books`, so that the next run finds the same account. It shares
    no code with the client, and dies with this process: its input is a pipe from here. A session
    of its own keeps the terminal's Ctrl-C from ending it before the calls in flight are done.
    """
    command = [sys.executable, "-m", "pipeline", "emulator", "--port", "0", "--json"]
    command += ["--books", str(books), "--speed", SPEED, "--until-eof"]
    async with await anyio.open_process(
        command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    ) as process:
        if process.stdout is None or process.stdin is None:  # they are pipes
            raise HostingError("the local API has no output")
        lines = TextReceiveStream(process.stdout)
        said = ""
        with anyio.move_on_after(_START_SECONDS):
            async for text in lines:
                said += text
                if "\n" in said:
                    break
        try:
            urls = json.loads(said)
        except ValueError:
            raise HostingError(
                "the local API did not start; try `catalog3d emulator` to see why"
            ) from None
        try:
            yield urls
        finally:
            with anyio.CancelScope(shield=True):
                await process.stdin.aclose()
                await process.wait()
