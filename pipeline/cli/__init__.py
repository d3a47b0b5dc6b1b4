"""The command line: arguments in, wiring, exit codes out.

Each command stands in a module of its own, which is loaded when the command is called: `--help`
needs none of the libraries that a run does.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from importlib import import_module

import click

from pipeline import __version__

COMMANDS = {
    "check": "Validate everything, look at every input, spend nothing.",
    "plan": "Say what a run would do, and what it would cost.",
    "run": "Turn the manifest's photographs into 3D models.",
    "status": "Show where things stand.",
    "jobs": "List the jobs, a row each.",
    "resolve": "Settle unknown jobs by the provider's history.",
    "retry": "Put failed jobs back, for the next run.",
    "probe": "Buy one model, and write down what the API answered.",
    "credits": "Show the account's balance.",
    "emulator": "Serve the local API, to try things without paying.",
    "schema": "Print the manifest's JSON Schema, for editors.",
}


class _Commands(click.Group):
    """A group that knows its commands' names and help without loading them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            module = import_module(f"pipeline.cli.{cmd_name}")
        except KeyboardInterrupt:  # click would exit with 1: of `run`, that jobs failed
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            raise SystemExit(130) from None
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="catalog3d")
def catalog3d() -> None:
    """Turn product photographs into 3D models through a paid API, each bought once.

    A YAML manifest lists photographs; `catalog3d run` converts them, and continues where it left
    off however it was ended. Try it without paying: api.url: emulator.
    """


def main() -> None:
    """Run the command line; the process ends with the command's exit code.

    Text that the terminal or the file cannot hold is replaced, never the end of a run.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # numpy's OpenBLAS starts a thread for each core, which spins; what little algebra the local API
    # does is sooner done without
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    catalog3d(prog_name="catalog3d")
