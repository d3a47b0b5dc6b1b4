"""`catalog3d retry`."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import PutBack, put_back
from pipeline.cli.session import (
    JSON,
    MANIFEST,
    ONLY,
    ManyIds,
    ends_cleanly,
    needs_the_ledger,
    say_json,
)
from pipeline.manifest import load
from pipeline.model import MICRO, SEED_MAX, SEED_MIN
from pipeline.report.wording import credits_text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal


def _seed(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> int | Literal["random"] | None:
    if given is None or given == "random":
        return given  # type: ignore[return-value]  # "random" or None by the line above
    if given.isascii() and given.isdigit() and SEED_MIN <= int(given) <= SEED_MAX:
        return int(given)
    raise click.BadParameter(f"must be `random` or a whole number from {SEED_MIN} to {SEED_MAX}")


@click.command(cls=ManyIds)
@MANIFEST
@ONLY
@click.option("--again", is_flag=True, help="Billed ones too: they are bought again.")
@click.option("--seed", metavar="N|random", callback=_seed, help="Try them with another seed.")
@JSON
@ends_cleanly
def retry(
    *,
    manifest: Path,
    only: tuple[str, ...],
    again: bool,
    seed: int | Literal["random"] | None,
    as_json: bool,
) -> int:
    """Put failed jobs back, with all their tries; the next run sends them.

    Failed jobs that were not billed cost nothing yet. Billed ones are put back only with --again:
    they are paid for a second time.
    """
    loaded = load(manifest)
    with needs_the_ledger():
        done = anyio.run(partial(put_back, loaded, only=only or None, again=again, seed=seed))
    if as_json:
        say_json(
            {
                "put_back": list(done.put_back),
                "billed": list(done.billed),
                "price": done.price / MICRO,
            }
        )
    else:
        sys.stdout.write("\n".join(_lines(done)) + "\n")
    return 0


def _lines(done: PutBack) -> list[str]:
    lines = [f"{len(done.put_back):,} failed jobs put back; the next run tries them"]
    if done.billed:
        cost = credits_text(len(done.billed) * done.price)
        lines.append(
            f"{len(done.billed):,} left: they were billed. To buy them again, for about {cost} "
            "credits more, add --again"
        )
    return lines
