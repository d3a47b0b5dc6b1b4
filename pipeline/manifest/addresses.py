"""URLs of a manifest: which are safe to send a key and a paid request to."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, Literal, NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pipeline.manifest.faults import WrongValueError

Protocol: TypeAlias = Literal["v1", "v2"]

EMULATOR: Final = "emulator"
"""In place of a URL: the bundled local API."""

PROVIDER_HOST: Final = "api.segmind.com"
PROVIDER_URL: Final = f"https://{PROVIDER_HOST}/v1/sam-3d-objects"
HISTORY_URL: Final = "https://api.spotprod.segmind.com/inference-request/request-history"
CREDITS_URL: Final = f"https://{PROVIDER_HOST}/v1/get-user-credits"
"""The provider's own addresses (Segmind's API pages)."""

# One spelling for every URL parser: nothing that two of them could take for different hosts.
_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/-]{0,2000})?"
)


def address(given: object) -> str:
    """Check a URL: http or https, a host, no credentials, query or fragment; http stays local."""
    if not isinstance(given, str):
        raise WrongValueError(f"must be a URL such as {PROVIDER_URL}")
    if "@" in given.split("://")[-1].split("/")[0]:
        raise WrongValueError("holds a user or password: a key never stands in a manifest")
    if "?" in given or "#" in given:
        raise WrongValueError("must end before `?` or `#`: a key never stands in a manifest")
    if not _URL.fullmatch(given):
        raise WrongValueError(f"must be a URL such as {PROVIDER_URL}")
    return _safe(given)


def _safe(url: str) -> str:
    parts = urlsplit(url)
    try:
        if parts.port == 0:
            _refuse_port()
    except ValueError:
        _refuse_port()
    if parts.scheme == "http" and not _is_loopback(parts):
        raise WrongValueError("sends the key in the clear: write https://")
    return url


def _refuse_port() -> NoReturn:
    raise WrongValueError("has a port that is not from 1 to 65535") from None


def endpoint(given: object) -> str:
    """Check the URL of the paid call, which also says which protocol is meant."""
    if given == EMULATOR:
        return EMULATOR
    url = address(given)
    protocol_of(url)
    return url


def protocol_of(url: str) -> Protocol:
    """Read the protocol out of a URL's path; the bundled API is asked by v1."""
    if url == EMULATOR:
        return "v1"
    steps = urlsplit(url).path.split("/")[1:-1]
    match "v1" in steps, "v2" in steps:
        case True, False:
            return "v1"
        case False, True:
            return "v2"
    raise WrongValueError(
        "must lead through one of /v1/ (one call) and /v2/ (submit and poll), "
        f"such as {PROVIDER_URL}"
    )


def is_local(url: str) -> bool:
    """Tell whether a URL stays on this machine, where nothing is billed."""
    return url == EMULATOR or _is_loopback(urlsplit(url))


def is_provider(url: str) -> bool:
    """Tell whether a URL is at the provider's own host."""
    return urlsplit(url).hostname == PROVIDER_HOST


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
