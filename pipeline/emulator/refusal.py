"""What the API refuses, with the status it answers; and where it does not even answer."""

from collections.abc import Mapping
from typing import Any


class RefusalError(Exception):
    """A request is answered with an error and costs nothing.

    The envelope `{"error": message}` is the provider's, unless `body` is another JSON object or
    an HTML page (text); `headers` go with it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.body = {"error": message} if body is None else body


class HungUpError(Exception):
    """The connection is to be closed with nothing answered; `reset`: by RST, at once."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("hung up on purpose")
        self.reset = reset
