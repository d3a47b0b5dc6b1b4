"""`catalog3d credits`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import access, books_of, find_key
from pipeline.cli.session import JSON, ends_cleanly, say_json
from pipeline.errors import CatalogError
from pipeline.manifest import Api, load
from pipeline.model import MICRO
from pipeline.report.wording import credits_text

if TYPE_CHECKING:
    from pipeline.api.client import Client


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path), required=False)
@JSON
@ends_cleanly
def credits(*, manifest: Path | None, as_json: bool) -> int:
    """Show the account's balance: the manifest's, or the provider's own host's."""
    loaded = None if manifest is None else load(manifest)
    api = Api() if loaded is None else loaded.api
    books = Path(tempfile.gettempdir()) if loaded is None else books_of(loaded)
    balance = anyio.run(_balance, api, find_key(api.key_env, os.environ), books)
    if as_json:
        say_json({"credits": balance / MICRO})
    else:
        sys.stdout.write(f"{credits_text(balance)} credits\n")
    return 0


async def _balance(api: Api, key: str | None, books: Path) -> int:
    async with access(api, key, books) as client:
        return await _asked(client)


async def _asked(client: Client) -> int:
    if client.endpoint.credits_url is None:
        raise CatalogError("the balance's URL is not known: state api.credits_url")
    balance = await client.balance()
    if balance is None:
        raise CatalogError(f"{client.endpoint.credits_url}: no balance could be read")
    return balance
