"""SIGINT and SIGTERM: the first ends admission, the second leaves at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import anyio

from pipeline.model import Stop, StopKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskStatus

    from pipeline.admission import Admission

_KINDS = {signal.SIGINT: StopKind.SIGINT, signal.SIGTERM: StopKind.SIGTERM}


async def watch_signals(
    admission: Admission,
    end: Callable[[Stop], object],
    everything: anyio.CancelScope,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """End admission at the first signal; cancel everything at the second."""
    with anyio.open_signal_receiver(*_KINDS) as signals:
        task_status.started()
        async for received in signals:
            if admission.is_signalled:
                everything.cancel()
                return
            message = (
                f"{signal.Signals(received).name}: nothing more is sent; what is in flight is "
                "paid for and drains (once more to leave at once)"
            )
            end(Stop(_KINDS[received], message))
