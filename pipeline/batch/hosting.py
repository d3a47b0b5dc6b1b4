"""The bundled local API, as a process of its own for the length of a run."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import asynccontextmanager
from subprocess import PIPE
from typing import TYPE_CHECKING

import anyio
from anyio.streams.text import TextReceiveStream

from pipeline.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

    from anyio.abc import Process

SPEED = "15"
"""How much faster than the nominal 33 s a call is, in wall time; the bill does not change."""

_START_SECONDS = 30.0
_LONGEST_COMPLAINT = 1 << 16


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
    with tempfile.TemporaryFile() as complaints:
        async with await anyio.open_process(
            command, stdin=PIPE, stdout=PIPE, stderr=complaints, start_new_session=True
        ) as process:
            try:
                yield _urls(await _first_line(process), complaints)
            finally:
                with anyio.CancelScope(shield=True):
                    if process.stdin is not None:
                        await process.stdin.aclose()
                    await process.wait()


async def _first_line(process: Process) -> str:
    said = ""
    if process.stdout is not None:
        with anyio.move_on_after(_START_SECONDS):
            async for text in TextReceiveStream(process.stdout):
                said += text
                if "\n" in said:
                    break
    return said


def _urls(said: str, complaints: BinaryIO) -> dict[str, str]:
    try:
        urls: dict[str, str] = json.loads(said)
    except ValueError:
        complaints.seek(0)
        lines = complaints.read(_LONGEST_COMPLAINT).decode("utf-8", "replace").split("\n")
        why = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise HostingError(f"the local API did not start: {why}") from None
    return urls
