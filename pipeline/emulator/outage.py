"""An API that is down: nothing listens on its port for a while."""

import math
import socket
from collections.abc import Callable

import anyio
from aiohttp import web

BACKLOG = 1024


class Outages:
    """Listen, but for the seconds that `begin` asks for.

    Meanwhile new connections are refused; what is being answered on old ones goes on.
    """

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[float](math.inf)
        self.active = False

    def begin(self, seconds: float) -> None:
        """Go down for so long; one outage follows the other."""
        self.active = True
        self._send.send_nowait(seconds)

    async def listen(
        self,
        runner: web.AppRunner,
        listener: socket.socket,
        again: Callable[[], socket.socket],
        ready: Callable[[], None],
    ) -> None:
        """Serve until cancelled; `ready` is called once that has begun, `again` binds the port.

        A socket that is bound and does not listen keeps the port while connections are refused.
        """
        with self._send, self._receive:
            site = await _start(runner, listener)
            ready()
            async for seconds in self._receive:
                await site.stop()
                listener = again()
                await anyio.sleep(seconds)
                site = await _start(runner, listener)
                self.active = bool(self._receive.statistics().current_buffer_used)


async def _start(runner: web.AppRunner, listener: socket.socket) -> web.SockSite:
    site = web.SockSite(runner, listener, backlog=BACKLOG)
    await site.start()
    return site
