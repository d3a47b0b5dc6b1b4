"""What the commands share: their options, the manifest, and an end without a traceback."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import click

from pipeline.errors import CatalogError, LedgerError, LedgerLockedError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.model import Json

P = ParamSpec("P")
T = TypeVar("T")

MANIFEST = click.argument("manifest", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
ONLY = click.option("--only", multiple=True, metavar="ID …", help="These jobs and no others.")

_BAD_USAGE, _WRONG, _INTERNAL, _IO, _LOCKED = 2, 1, 70, 74, 6


class ManyIds(click.Command):
    """A command whose repeatable options take several ids: `--only a b`, `--only a --only b`.

    click gives an option a fixed number of values, so once the manifest stands, each further word
    behind such an option is given an option of its own.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Spell `--only a b` as click reads it."""
        many = {
            name
            for param in self.params
            if isinstance(param, click.Option) and param.multiple
            for name in param.opts
        }
        spelled: list[str] = []
        behind, manifest_stands = "", False
        for position, word in enumerate(args):
            if word == "--":
                spelled += args[position:]
                break
            option = word.startswith("-") and word != "-"
            follows = bool(spelled) and spelled[-1] in many
            if not option and behind and manifest_stands and not follows:
                spelled.append(behind)
            elif not option and not follows and not _takes_value(self, spelled):
                manifest_stands = True
            if option:
                behind = word if word in many else ""
            spelled.append(word)
        return super().parse_args(ctx, spelled)


def _takes_value(command: click.Command, spelled: list[str]) -> bool:
    """Tell whether the last word is an option that waits for its value."""
    return bool(spelled) and any(
        isinstance(param, click.Option) and not param.is_flag and spelled[-1] in param.opts
        for param in command.params
    )


def now() -> datetime:
    """Tell the time of day, where the user is."""
    return datetime.now().astimezone()


def say_json(value: Mapping[str, Json]) -> None:
    """Print the one JSON document of a command."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def ends_cleanly(command: Callable[P, int | None]) -> Callable[P, NoReturn]:
    """Turn what a command returns, or raises, into an exit code and a message."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        try:
            code = command(*args, **kwargs) or 0
            sys.stdout.flush()
        except BrokenPipeError:
            reader_left()
            code = 0
        except CatalogError as error:
            code = _code_of(error)
            click.echo(_told(error), err=True)
        except KeyboardInterrupt:
            # threads with a picture in hand are waited for; who asks again does not want to wait
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            code = 130
        except OSError as error:
            code = _IO
            click.echo(f"catalog3d: cannot write ({error.strerror or error})", err=True)
        except Exception as error:  # noqa: BLE001 - the last resort: told in a line, exit 70
            code = _INTERNAL
            click.echo(_internal(error), err=True)
        raise SystemExit(code)

    return wrapped


def reader_left() -> None:
    """Go on without stdout: its reader has left, and the flush at exit must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def needs_the_ledger() -> Iterator[None]:
    """Let a command that is no run end with 1 where a run holds the ledger."""
    try:
        yield
    except LedgerLockedError as error:
        raise CatalogError(error.message) from error


def _code_of(error: CatalogError) -> int:
    match error:
        case UsageError():
            return _BAD_USAGE
        case LedgerLockedError():
            return _LOCKED
        case LedgerError() | StoreError():
            return _IO
        case _:
            return _WRONG


def _told(error: CatalogError) -> str:
    return error.message if error.kind == "manifest" else f"catalog3d: {error.message}"


def _internal(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f" at {Path(where.tb_frame.f_code.co_filename).name}"
    line = "" if where is None else f":{where.tb_lineno}"
    return (
        f"catalog3d: internal error{place}{line}: {type(error).__name__}: {error}\n"
        "The ledger is true, and the next run continues from it. Please report this."
    )


def verbosity(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add -v, -q and --log-format."""
    for option in (
        click.option("-v", "--verbose", count=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Say only what stops the run."),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Progress as text, or as a JSON object a line.",
        ),
    ):
        command = option(command)
    return command
