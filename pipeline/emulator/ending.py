"""Why the server cannot go on, told by whichever part finds out."""

import anyio


class Ending:
    """The first reason that any part gives; what others tell may follow from it."""

    def __init__(self) -> None:
        self._told = anyio.Event()
        self._reasons: list[Exception] = []

    def tell(self, reason: Exception) -> None:
        """End the server."""
        self._reasons.append(reason)
        self._told.set()

    async def wait(self) -> Exception:
        """Wait for a reason, and give it."""
        await self._told.wait()
        return self._reasons[0]
