"""`catalog3d emulator`: serve the local API."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import click

from pipeline.emulator import faults as going_wrong
from pipeline.emulator import history, life, server
from pipeline.emulator.faults import Fault
from pipeline.emulator.options import serving
from pipeline.emulator.parts import MODEL
from pipeline.emulator.schema import BooksError
from pipeline.emulator.settings import Settings

_EPILOG = f"""\b
Faults strike the submits, or the free calls that their name begins with. VALUE is
  seconds until the reset:      429 poll-429
  seconds that nothing listens: down
  seconds between the pieces:   trickle poll-trickle (a byte), file-slow (4 KiB)
  seconds until it answers:     balance-slow
  MiB, bytes, hops, a URL:      gzip-bomb, huge-headers, file-redirect, 307
\b
Refused, not billed:
  {" ".join(going_wrong.REFUSALS[:9])}
  {" ".join(going_wrong.REFUSALS[9:14])}
  {" ".join(going_wrong.REFUSALS[14:])}
Cut off unanswered, not billed:
  {" ".join(going_wrong.HANG_UPS)}
Worked on and billed, the answer spoilt:
  {" ".join(going_wrong.SPOILT[:7])}
  {" ".join(going_wrong.SPOILT[7:])}
Worked on and failed (v2: 422, v1: 500); the first is not billed:
  {" ".join(going_wrong.FAILURES)}
The free calls:
  {" ".join(going_wrong.OTHERS[:6])}
  {" ".join(going_wrong.OTHERS[6:12])}
  {" ".join(going_wrong.OTHERS[12:])}
\b
A call's number counts the calls of its operation from 1, in order of arrival; each kind
draws from a stream of its own, so that one's rate does not shift another's.
"""


@click.command(epilog=_EPILOG)
@serving
@click.option("--key-env", metavar="NAME", help="Accept only the key in this variable. [any key]")
@click.option("--until-eof", is_flag=True, help="End when stdin closes.")
@click.option("--json", "as_json", is_flag=True, help="Print the URLs as one line of JSON.")
def emulator(
    *,
    key_env: str | None,
    until_eof: bool,
    as_json: bool,
    faults: tuple[Fault, ...],
    scenario: tuple[Fault, ...],
    **options: Any,
) -> None:
    """Serve the API on this machine: a pretended account, real models of simple make.

    It answers like the provider's public documentation and costs nothing; what it makes is a
    relief of the photograph, not the work of SAM 3D Objects. Three paths are its own: GET /
    is a page to look at, GET /emulator/books?limit=N tells the account and every request, and POST
    /emulator/top-up with {"credits": 2.0} fills the account.
    """
    try:
        settings = Settings(key=_key(key_env), faults=faults + scenario, **options)
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
        except (server.PortInUseError, BooksError, OSError) as problem:
            failure = str(problem)
            group.cancel_scope.cancel()
    return failure


def _announce_json(url: str) -> None:
    urls = {
        "url": url,
        "v1": f"{url}/v1/{MODEL}",
        "v2": f"{url}/v2/{MODEL}",
        "credits_url": f"{url}/v1/get-user-credits",
        "history_url": history.url(url),
    }
    click.echo(json.dumps(urls))


def _announce(url: str) -> None:
    click.echo(
        f"""\
The local API is ready; its models are simple reliefs, and it costs nothing.

  blocking          {url}/v1/{MODEL}
  submit and poll   {url}/v2/{MODEL}
  its account       {url}/

Try it with a photograph (Ctrl-C ends the server):

  printf '{{"image": "%s"}}' "$(base64 < photo.jpg | tr -d '\\n')" |
    curl -sS {url}/v1/{MODEL} -H 'x-api-key: any' \\
      -H 'Content-Type: application/json' --data-binary @- -o photo.glb"""
    )
