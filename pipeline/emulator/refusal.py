"""What the API refuses, with the status it answers."""

from collections.abc import Mapping


class RefusalError(Exception):
    """A request is answered with an error and costs nothing.

    The envelope `{"error": message}` is the provider's; `headers` go with it.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
