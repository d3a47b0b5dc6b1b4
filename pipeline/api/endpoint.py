"""Where the API is, and the key that opens it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.errors import UsageError

_KEY = re.compile(r"[!-~]{1,4096}")
_SECRET_LENGTH = 8
_VERSION = re.compile(r"/v[12]/")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API is. `key` goes to these URLs' hosts and nowhere else; it is never shown.

    `timeout` in seconds: one v1 call, or one v2 job from submit to result. Raises UsageError for
    a key that cannot stand in a header.
    """

    url: str
    protocol: str
    key: str = field(repr=False)
    timeout: float
    credits_url: str | None = None
    history_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse a key that HTTP cannot carry, before anything is sent with it."""
        if not _KEY.fullmatch(self.key):
            raise UsageError("the API key is empty, or holds characters that no key has")

    @property
    def requests_url(self) -> str:
        """Where v2's requests are asked for, on the API's own host whatever an answer says."""
        return f"{_VERSION.split(self.url, maxsplit=1)[0]}/v2/requests"

    @property
    def secret(self) -> str:
        """What must not be shown; "" for a key so short that it is none, as the local API's."""
        return self.key if len(self.key) >= _SECRET_LENGTH else ""

    def without_key(self, text: str) -> str:
        """Take the key out of what an answer says, before it is written anywhere."""
        return text.replace(self.secret, "[key]") if self.secret else text
