"""The way to the API: its URLs, the key, the open transport."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from pipeline import __version__
from pipeline.api.client import Client
from pipeline.api.endpoint import Endpoint
from pipeline.api.transport import http
from pipeline.batch.hosting import hosted
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from pipeline.api.transport import Transport
    from pipeline.manifest import Api, Manifest


def find_key(name: str, environ: Mapping[str, str]) -> str | None:
    """Give the API key from the variable `name`, or from the file that `<name>_FILE` names.

    None where there is none. Raises UsageError for one that cannot be a key.
    """
    key = environ.get(name, "").strip()
    file = environ.get(f"{name}_FILE", "")
    if not key and file:
        try:
            key = Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            raise UsageError(f"{name}_FILE: {file} cannot be read ({why})") from None
    if not key.isascii() or any(not char.isprintable() or char.isspace() for char in key):
        raise UsageError(f"{name}: what it holds is no API key (white space, or no ASCII)")
    return key or None


def books_of(manifest: Manifest) -> Path:
    """Give the folder in which the bundled API keeps its account for a manifest."""
    return manifest.output_folder / ".emulator"


@asynccontextmanager
async def access(
    api: Api,
    key: str | None,
    books: Path,
    wrap: Callable[[Transport], Transport] = lambda transport: transport,
) -> AsyncIterator[Client]:
    """Open the way to an API; `books` is for the bundled one, which takes any key.

    `wrap` may put a transport around the real one. Raises UsageError where the key is missing.
    """
    async with AsyncExitStack() as stack:
        transport = await stack.enter_async_context(http(user_agent=f"catalog3d/{__version__}"))
        if api.is_emulator:
            urls = await stack.enter_async_context(hosted(books))
            endpoint = Endpoint(
                urls["v1"], "v1", "local", api.timeout, urls["credits_url"], urls["history_url"]
            )
        elif key is None:
            raise UsageError(
                f"no API key: set the environment variable {api.key_env} (or {api.key_env}_FILE "
                "to a file that holds it)"
            )
        else:
            endpoint = Endpoint(
                api.url, api.protocol, key, api.timeout, api.credits_url, api.history_url
            )
        yield Client(wrap(transport), endpoint, anyio.sleep)
