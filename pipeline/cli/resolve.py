"""`catalog3d resolve`."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import Resolved, claim, find_key
from pipeline.batch import resolve as resolve_jobs
from pipeline.cli.session import JSON, MANIFEST, ManyIds, ends_cleanly, now, say_json
from pipeline.errors import CatalogError, LedgerLockedError, UsageError
from pipeline.manifest import load
from pipeline.model import MICRO
from pipeline.report.lines import Lines
from pipeline.report.wording import credits_text

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.perform import Left


@click.command(cls=ManyIds)
@MANIFEST
@click.option(
    "--write-off",
    multiple=True,
    metavar="ID …",
    help="Give these up: they count as paid and failed.",
)
@click.option(
    "--resend",
    multiple=True,
    metavar="ID …",
    help="Put these back, to be sent by the next run. They may be paid for twice.",
)
@JSON
@ends_cleanly
def resolve(
    *, manifest: Path, write_off: tuple[str, ...], resend: tuple[str, ...], as_json: bool
) -> int:
    """Settle unknown jobs by the provider's history, and list what is left.

    An unknown job was sent, and its answer was lost: it may have been billed, so it is never sent
    again by itself. What the history cannot settle can be claimed from the provider, and then
    written off, or sent again at the risk of paying twice.
    """
    if both := sorted({*write_off} & {*resend}):
        raise UsageError(f"written off or resent, not both: {', '.join(both)}")
    loaded = load(manifest)
    key = find_key(loaded.api.key_env, os.environ)
    lines = Lines(sys.stderr, verbosity=1, now=now, clock=time.monotonic)
    work = partial(resolve_jobs, loaded, key=key, written_off=write_off, resent=resend)
    try:
        done = anyio.run(partial(work, on_event=lines))
    except LedgerLockedError as error:
        raise CatalogError(error.message) from error
    if as_json:
        say_json(done.as_json())
    else:
        price = loaded.budget.price_micro
        sys.stdout.write("\n".join(_text(done, resend, price)) + "\n")
    return 1 if done.left else 0


def _text(done: Resolved, resend: tuple[str, ...], price: int) -> list[str]:
    lines = [f"{row.id}: {row.status}, {credits_text(row.credits)} credits" for row in done.settled]
    if resend:
        cost = credits_text(len(resend) * price)
        lines.append(
            f"{len(resend)} put back: the next run sends them, for about {cost} credits more; if "
            "the first calls were billed, they are paid for twice"
        )
    waiting = [each for each in done.left if each.unknown.ticket is not None]
    if not done.left:
        return [*lines, "no job is unknown"]
    held = credits_text(sum(each.unknown.reserved for each in done.left))
    lines.append(f"{len(done.left)} calls stay unknown; {held} credits are held for them")
    lines += [line for each in done.left for line in _claim(each)]
    if waiting:
        lines.append(
            "claim them from the provider with what is said here (--json says it whole); then "
            "`--write-off ID …` counts them as paid and failed, or `--resend ID …` sends them "
            "again and may pay twice"
        )
    return lines


def _claim(left: Left) -> list[str]:
    told = claim(left)
    sent = [
        f"sent {told['sent_at']} by {told['protocol']}",
        f"request id {told['request_id'] or 'unknown'}",
        f"HTTP {told['http_status'] or 'without an answer'}",
        f"about {left.unknown.reserved / MICRO:g} credits",
    ]
    return [
        f"{left.unknown.id}: {left.why or left.unknown.error}",
        f"    {', '.join(sent)}",
        f"    parameters {told['parameters']}, image sha256 {told['image_sha256']}",
    ]
