"""The pictures of a request: fetched or decoded, and opened before anything is done with them."""

from functools import partial

import anyio
import anyio.to_thread

from . import wire
from .entry import Pictures
from .fetch import fetch, is_url
from .modelling import picture
from .refusal import RefusalError


async def take(submit: wire.Submit, limiter: anyio.CapacityLimiter, most: int) -> Pictures:
    """Get both pictures, of at most so many bytes each; raises RefusalError 400."""
    image = await _either("image", submit.image, limiter, most)
    mask = None if submit.mask is None else await _either("mask", submit.mask, limiter, most)
    return Pictures(image, mask)


async def decoded(name: str, text: str, limiter: anyio.CapacityLimiter) -> bytes:
    """Get a picture from base64 or a data URI; raises RefusalError 400."""
    data = await anyio.to_thread.run_sync(wire.decode, name, text)
    await _check(name, data, limiter)
    return data


async def _either(name: str, text: str, limiter: anyio.CapacityLimiter, most: int) -> bytes:
    if not is_url(text):
        return await decoded(name, text, limiter)
    data = await fetch(name, text, most)
    await _check(name, data, limiter)
    return data


async def _check(name: str, data: bytes, limiter: anyio.CapacityLimiter) -> None:
    try:
        await anyio.to_thread.run_sync(partial(picture.check, name, data), limiter=limiter)
    except picture.PictureError as problem:
        raise RefusalError(400, str(problem)) from None
