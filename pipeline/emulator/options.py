"""The command-line options of the local API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from . import credits as money
from . import scenario
from .faults import Fault
from .settings import Images, Upload
from .shapes import SHAPES

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


def _read(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Make a callback that reads an option's text, or the texts of a repeated one."""

    def callback(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
        try:
            return tuple(map(parse, value)) if isinstance(value, tuple) else parse(value)
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from None

    return callback


def _scenario(
    _context: click.Context, _option: click.Parameter, path: Path | None
) -> tuple[Fault, ...]:
    try:
        return () if path is None else scenario.read(path)
    except (ValueError, OSError) as problem:
        raise click.BadParameter(str(problem)) from None


def _switch(_context: click.Context, _option: click.Parameter, value: str) -> bool:
    return value == "on"


_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address."),
    click.option("--port", default=8765, show_default=True, help="Port to serve; 0: any free one."),
    click.option(
        "--credits",
        "credits_micro",
        default="10",
        show_default=True,
        callback=_read(money.micro),
        help="What a new account holds.",
    ),
    click.option(
        "--price-per-second",
        "price_micro_per_second",
        default="0.0019",
        show_default=True,
        callback=_read(money.micro),
        help="Credits a GPU second.",
    ),
    click.option("--latency", default=33.0, show_default=True, help="GPU seconds a call, billed."),
    click.option("--latency-spread", default=0.2, show_default=True, help="Give or take a share."),
    click.option("--speed", default=1.0, show_default=True, help="Run that much faster."),
    click.option("--workers", default=8, show_default=True, help="Calls worked on at once."),
    click.option("--requests-per-minute", type=int, help="Answer 429 to what goes beyond."),
    click.option(
        "--rate-window", default=60.0, show_default=True, help="Seconds that this minute has."
    ),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="KIND[=VALUE]:RATE|#N,M",
        callback=_read(Fault.parse),
        help="Go wrong at a rate (500:0.2) or at the N-th call (504-after#3,7); repeatable.",
    ),
    click.option(
        "--scenario",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=_scenario,
        help='Faults as a JSON list of {"kind", "at"|"every"|"rate", "value"}.',
    ),
    click.option("--seed", default=0, show_default=True, help="Seed of latencies and faults."),
    click.option(
        "--answer",
        "answers",
        multiple=True,
        type=click.Choice(SHAPES),
        help="Shape of the answers, in turns where given again. [v1: glb, v2: output-link]",
    ),
    click.option("--content-type", metavar="TYPE", help="What v1 calls its body, true or not."),
    click.option(
        "--books",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder that keeps the account and the results. [ends with the server]",
    ),
    click.option(
        "--record-lifetime", default=3600.0, show_default=True, help="Seconds a v2 id is known."
    ),
    click.option(
        "--file-lifetime", default=604_800.0, show_default=True, help="Seconds a result is kept."
    ),
    click.option(
        "--clock-offset", default=0.0, show_default=True, help="Seconds its clock is ahead."
    ),
    click.option(
        "--history",
        type=click.Choice(["on", "off"]),
        default="on",
        show_default=True,
        callback=_switch,
        help="Whether there is a request history.",
    ),
    click.option(
        "--history-delay", default=0.0, show_default=True, help="Seconds until a row is seen."
    ),
    click.option("--history-duplicates", is_flag=True, help="Repeat every row."),
    click.option(
        "--history-images",
        type=click.Choice(get_args(Images)),
        default="sha256",
        show_default=True,
        help="How rows show the pictures; for `sent` every body is kept.",
    ),
    click.option(
        "--history-envelope", default="results", show_default=True, help="Name of a page's list."
    ),
    click.option(
        "--upload-envelope",
        type=click.Choice(get_args(Upload)),
        default="urls",
        show_default=True,
        help="Name of the list that an upload answers.",
    ),
)


def serving(command: Command) -> Command:
    """Give a command the options that make `Settings`, but for the key.

    It gets them by the fields' names; `scenario` is to be added to `faults`.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
