"""Progress as a live display on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.model import Event, Status
from pipeline.report.board import Board
from pipeline.report.wording import STYLES, credits_text, safe, seconds_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from rich.console import Console

_REFRESH = 8  # a second
_NAMED = 20
_BROKEN = frozenset({Status.FAILED, Status.INVALID, Status.UNKNOWN})


class LiveDisplay:
    """A bar, the states, the money; what goes wrong scrolls by above. A context manager.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, console: Console, *, verbosity: int, clock: Callable[[], float]) -> None:
        self._console = console
        self._verbosity = verbosity
        self._clock = clock
        self._board = Board()
        self._began = clock()
        self._live = Live(
            get_renderable=self._render,
            console=console,
            refresh_per_second=_REFRESH,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the display away; what scrolled by stays."""
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        self._board.take(event, self._clock())
        if event.name == "note" and self._verbosity >= 0:
            self._console.print(Text(safe(event.message), style="yellow"))
        elif event.name == "stop":
            self._console.print(Text(f"stopping: {safe(event.message)}", style="bold yellow"))
        elif event.name == "job" and self._worth_a_line(event):
            self._console.print(_job_line(event))

    def _worth_a_line(self, event: Event) -> bool:
        if self._verbosity > 0:
            return True
        return event.status in _BROKEN and self._verbosity >= 0

    def _render(self) -> RenderableType:
        board, now = self._board, self._clock()
        elapsed = now - self._began
        if not board.has_begun:
            return Text(f"reading the manifest and its pictures  {seconds_text(elapsed)}")
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=1, min_width=10)
        table.add_column(justify="right", no_wrap=True)
        bar = ProgressBar(total=max(1, board.total), completed=board.done, complete_style="green")
        table.add_row(bar, f"{board.done:,}/{board.total:,}  {seconds_text(elapsed)}{self._left()}")
        parts: list[RenderableType] = [table, self._states()]
        if board.flying:
            names = Text("now: " + ", ".join(list(board.flying)[:_NAMED]), style="dim")
            names.truncate(self._console.width, overflow="ellipsis")
            parts.append(names)
        if board.limits:
            limits = Text(safe(board.limits), style="dim")
            limits.truncate(self._console.width, overflow="ellipsis")
            parts.append(limits)
        if board.hold_until > now:
            left = seconds_text(board.hold_until - now)
            parts.append(Text(f"rate limit: all wait {left}", style="yellow"))
        if board.stop is not None:
            parts.append(Text("draining what is in flight; Ctrl-C leaves at once", style="yellow"))
        return Group(*parts)

    def _left(self) -> str:
        """Estimate what is left from what this run has done so far."""
        board = self._board
        done = board.done - board.began_with
        if done < 3 or board.left <= 0:
            return ""
        rate = done / max(1e-3, self._clock() - self._began)
        return f", about {seconds_text(board.left / rate)} left"

    def _states(self) -> Text:
        board = self._board
        line = Text(overflow="fold")
        for status in Status:
            count = board.jobs[status]
            if count:
                line.append(f"{count:,} {status}", style=STYLES[status])
                line.append("  ")
        line.append(f"{credits_text(board.spent)} credits spent")
        if board.remaining is not None:
            line.append(f", {credits_text(board.remaining)} left", style="dim")
        return line


def _job_line(event: Event) -> Text:
    line = Text(f"{event.job} ")
    if event.status is not None:
        line.append(str(event.status), style=STYLES[event.status])
    if event.error is not None:
        line.append(f"  {safe(event.error.message)}", style="dim")
    return line
