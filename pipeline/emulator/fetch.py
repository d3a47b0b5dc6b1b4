"""Pictures given as URLs."""

import aiohttp

from .refusal import RefusalError

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_REDIRECTS = 5


def is_url(text: str) -> bool:
    """Tell a URL from base64: base64 has no colon."""
    return text.startswith(("http://", "https://"))


async def fetch(name: str, url: str, max_bytes: int) -> bytes:
    """Load a picture, without any key; raises RefusalError 400 that says what hindered it."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, raise_for_status=True) as session,
            session.get(url, max_redirects=_REDIRECTS) as response,
        ):
            data = bytearray()
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > max_bytes:
                    raise RefusalError(400, f"{name}: the file behind the URL is too large")
            return bytes(data)
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        raise RefusalError(400, f"{name} could not be fetched: {problem}") from None
