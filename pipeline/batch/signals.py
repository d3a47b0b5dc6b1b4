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


def is_signal(stop: Stop | None) -> bool:
    """Tell whether a signal has ended a run."""
    return stop is not None and stop.kind in _KINDS.values()


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
            if is_signal(admission.stop):
                everything.cancel()
                return
            message = (
                f"{signal.Signals(received).name}: nothing more is sent; what is in flight is "
                "paid for and drains (once more to leave at once)"
            )
            end(Stop(_KINDS[received], message))
