"""`catalog3d emulator`: serve the local API."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from pipeline.emulator import credits as money
from pipeline.emulator import life, server
from pipeline.emulator.books import BooksInUseError
from pipeline.emulator.faults import Fault
from pipeline.emulator.routes import MODEL
from pipeline.emulator.settings import Settings

T = TypeVar("T")


def _read(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Make a callback that reads an option's text, or the texts of a repeated one."""

    def callback(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
        try:
            return tuple(map(parse, value)) if isinstance(value, tuple) else parse(value)
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from None

    return callback


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to serve.")
@click.option("--port", default=8765, show_default=True, help="Port to serve; 0: any free one.")
@click.option(
    "--credits",
    "credits_micro",
    default="10",
    show_default=True,
    callback=_read(money.micro),
    help="What a new account holds.",
)
@click.option(
    "--price-per-second",
    "price_micro_per_second",
    default="0.0019",
    show_default=True,
    callback=_read(money.micro),
    help="Credits a GPU second.",
)
@click.option("--latency", default=33.0, show_default=True, help="GPU seconds a call, billed.")
@click.option("--latency-spread", default=0.2, show_default=True, help="Give or take this share.")
@click.option("--speed", default=1.0, show_default=True, help="Run that much faster than billed.")
@click.option("--workers", default=8, show_default=True, help="Calls worked on at once.")
@click.option("--requests-per-minute", type=int, help="Answer 429 to what goes beyond.")
@click.option(
    "--rate-window", default=60.0, show_default=True, help="Seconds that this minute has."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND:RATE",
    callback=_read(Fault.parse),
    help="Answer wrongly at a rate, such as 500:0.2; may be given again.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of latencies and faults.")
@click.option("--key-env", metavar="NAME", help="Accept only the key in this variable. [any key]")
@click.option(
    "--books",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps the account and the results. [ends with the server]",
)
@click.option(
    "--record-lifetime", default=3600.0, show_default=True, help="Seconds a v2 id is known."
)
@click.option("--until-eof", is_flag=True, help="End when stdin closes.")
@click.option("--json", "as_json", is_flag=True, help="Print the URLs as one line of JSON.")
def emulator(*, key_env: str | None, until_eof: bool, as_json: bool, **options: Any) -> None:
    """Serve the API on this machine: a pretended account, real models of simple make.

    It answers like the provider's public documentation and costs nothing; what it makes is a
    relief of the photograph, not the work of SAM 3D Objects. Two paths are its own: GET
    /emulator/books?limit=N shows the account and every request, and POST /emulator/top-up with
    {"credits": 2.0} fills the account.
    """
    try:
        settings = Settings(key=_key(key_env), **options)
    except ValueError as problem:
        raise click.UsageError(f"--{problem}") from None
    failure = anyio.run(_serve, settings, _announce_json if as_json else _announce, until_eof)
    if failure:
        raise click.ClickException(failure)


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    if not os.environ.get(name):
        raise click.UsageError(f"--key-env: the environment variable {name} is not set")
    return os.environ[name]


async def _serve(
    settings: Settings,
    ready: Callable[[str], None],
    until_eof: bool,  # noqa: FBT001  anyio.run hands on positions only
) -> str | None:
    """Serve until told to end; gives the reason where it cannot even begin."""
    failure = None
    async with anyio.create_task_group() as group:

        async def end_after(wait: Callable[[], Awaitable[None]]) -> None:
            await wait()
            group.cancel_scope.cancel()

        group.start_soon(end_after, life.until_signal)
        if until_eof:
            group.start_soon(end_after, life.until_eof)
        try:
            await server.serve(settings, ready=ready)
        except (server.PortInUseError, BooksInUseError, OSError) as problem:
            failure = str(problem)
            group.cancel_scope.cancel()
    return failure


def _announce_json(url: str) -> None:
    urls = {
        "url": url,
        "v1": f"{url}/v1/{MODEL}",
        "v2": f"{url}/v2/{MODEL}",
        "credits_url": f"{url}/v1/get-user-credits",
    }
    click.echo(json.dumps(urls))


def _announce(url: str) -> None:
    click.echo(
        f"""\
The local API is ready; its models are simple reliefs, and it costs nothing.

  blocking          {url}/v1/{MODEL}
  submit and poll   {url}/v2/{MODEL}

Try it with a photograph (Ctrl-C ends the server):

  printf '{{"image": "%s"}}' "$(base64 < photo.jpg | tr -d '\\n')" |
    curl -sS {url}/v1/{MODEL} -H 'x-api-key: any' \\
      -H 'Content-Type: application/json' --data-binary @- -o photo.glb"""
    )
