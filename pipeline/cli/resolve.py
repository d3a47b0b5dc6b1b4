"""`catalog3d resolve`."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import click

from pipeline.batch import Resolved, find_key
from pipeline.batch import resolve as resolve_jobs
from pipeline.cli.session import (
    JSON,
    MANIFEST,
    ManyIds,
    ends_cleanly,
    needs_the_ledger,
    now,
    say_json,
)
from pipeline.errors import LedgerError, UsageError
from pipeline.manifest import load
from pipeline.model import StopKind
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
    with needs_the_ledger():
        done = anyio.run(partial(work, on_event=lines))
    if as_json:
        say_json(done.as_json())
    else:
        price = loaded.budget.price_micro
        sys.stdout.write("\n".join(_text(done, price)) + "\n")
    if done.stop is not None and done.stop.kind is StopKind.JOURNAL:
        raise LedgerError(done.stop.message)
    return 1 if done.left or done.stop is not None else 0


def _text(done: Resolved, price: int) -> list[str]:
    lines = [f"{row.id}: {row.status}, {credits_text(row.credits)} credits" for row in done.settled]
    if done.resent:
        cost = credits_text(len(done.resent) * price)
        lines.append(
            f"{', '.join(done.resent)}: put back; the next run sends them, for about {cost} "
            "credits more, and if the first calls were billed, they are paid for twice"
        )
    if not done.left:
        return [*lines, "no call is unknown"]
    held = credits_text(sum(each.unknown.reserved for each in done.left))
    lines.append(f"calls that stay unknown: {len(done.left)}; {held} credits are held for them")
    lines += [line for each in done.left for line in _claim(each)]
    lines.append(
        "next: ask again later, for the history may be late or out of reach; or claim them from "
        "the provider (--json tells all that is known); `--write-off ID …` counts them as paid, "
        "at the price held, and failed; `--resend ID …` sends them again and may pay twice"
    )
    return lines


def _claim(left: Left) -> list[str]:
    asked, status = left.unknown.asked, left.unknown.http_status
    answer = "no answer" if status is None else f"HTTP {status}"
    sent = f"sent {asked.sent_at:%Y-%m-%d %H:%M:%S} UTC by {asked.protocol}, {answer}"
    known = f"request id {asked.request_id or 'not told'}"
    lines = [
        f"{left.unknown.id}: {left.why or left.unknown.error}",
        f"    {sent}, {known}, about {credits_text(left.unknown.reserved)} credits",
    ]
    return lines if left.unknown.ticket else [*lines, "    its job is sent again, or was"]
