"""What a run is asked for: its beginning, its jobs, their order, its end."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.ledger.owners import is_gone
from pipeline.ledger.rows import (
    Finished,
    Posting,
    Pressure,
    Waiting,
    posting_row,
    spec_of,
    ticket_of,
)
from pipeline.ledger.session import Session, timestamp
from pipeline.ledger.statements import SQL
from pipeline.model import Status, Ticket

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from pipeline.ledger.writer import Writer
    from pipeline.threads import Request

BEFORE_ALL = (2**31, -1)
"""Before the first job of any order: (priority, position)."""


async def begin(
    write: Writer, *, manifest: str, provider: str, budget: int | None, now: Callable[[], datetime]
) -> tuple[Session, int]:
    """Start a run; attempts that an earlier run left sent are unknown from now on.

    Returns the run's session and how many jobs became unknown. Raises UsageError where the ledger
    holds the results of another provider.
    """

    def work(db: sqlite3.Connection) -> tuple[int, int]:
        db.execute(SQL["provider_set"], {"provider": provider})
        owner = db.execute(SQL["provider_get"]).fetchone()["value"]
        if owner != provider:
            raise UsageError(
                f"the ledger holds results of {owner!r}, and api.url leads to {provider!r}: one "
                "ledger never mixes the two; state another output.path for this manifest"
            )
        began = {"now": timestamp(now()), "budget": budget}
        run = db.execute(SQL["run_begin"], began).lastrowid or 0
        db.execute(SQL["orphan_attempts"])
        return run, db.execute(SQL["orphan_tickets"], began | {"run": run}).rowcount

    run, orphans = await write(work)
    return Session(write, manifest, run, now), orphans


async def put_failed_back(
    write: Writer, seeds: Mapping[str, tuple[str, int] | None], *, now: datetime
) -> None:
    """Put failed jobs back: id → (declared fingerprint, another seed), or None.

    With another seed a job is another purchase: the old one stays failed, and the job is pending.
    """

    def work(db: sqlite3.Connection) -> None:
        for id_, seed in seeds.items():
            other = False
            if seed is not None:
                chosen = {"id": id_, "declared": seed[0], "seed": seed[1]}
                db.execute(SQL["override_put"], chosen)
                other = db.execute(SQL["retry_otherwise"], chosen).rowcount == 1
            if not other:
                db.execute(SQL["retry"], {"id": id_, "now": timestamp(now)})

    await write(work)


class Roster:
    """The manifest's jobs as the ledger holds them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def end(self, exit_code: int, remaining: int | None = None) -> None:
        """Write down how the run ended, and what the account held then, if that is known."""
        await self._session.execute("run_end", exit_code=exit_code)
        if remaining is not None:
            await self._session.execute("note_balance", remaining=remaining)

    async def register(self, postings: Sequence[Posting]) -> None:
        """Say what the manifest asks for; what is known of a ticket already stays.

        The ids of a manifest whose file is gone pass on: it was renamed, or its jobs were moved.
        Raises UsageError where another manifest owns an id.
        """
        await self.begin_register(postings).outcome()

    def begin_register(self, postings: Sequence[Posting]) -> Request[None]:
        """Begin to `register`: what that raises is the outcome's."""
        bound = self._session.bound()

        def work(db: sqlite3.Connection) -> None:
            stand, others = _parted(db, postings, bound["manifest"])
            db.execute(SQL["reread"], bound | {"ids": json.dumps(stand)})
            told = bound | {"rows": json.dumps([posting_row(each) for each in others])}
            for row in db.execute(SQL["owners"], told):
                if not is_gone(self._session.write.folder, row["manifest"]):
                    raise UsageError(
                        f"job {row['id']}: the manifest {row['manifest']} owns this id in the "
                        "same ledger; rename the job, or state another output.path"
                    )
            for statement in ("revalidate_invalid", "register_jobs", "register_tickets"):
                db.execute(SQL[statement], told)

        return self._session.write.begin(work)

    def overrides(self, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Give the seeds that `retry --seed` chose: id → (fingerprint it replaces, seed)."""
        rows = self._session.look("overrides", ids=json.dumps(ids))
        return {row["id"]: (row["declared"], row["seed"]) for row in rows}

    async def waiting(self, after: tuple[int, int], limit: int) -> list[Waiting]:
        """Give the next pending jobs, by priority, after a (priority, position)."""
        rows = await self._session.rows(
            "waiting", priority=after[0], position=after[1], limit=limit
        )
        return [
            Waiting(replace(ticket_of(row), is_alone=bool(row["is_alone"])), row["position"])
            for row in rows
        ]

    async def finished(self, after: tuple[int, int], limit: int) -> list[Finished]:
        """Give the files of the next `limit` finished jobs, by priority, after a place."""
        rows = await self._session.rows(
            "finished", priority=after[0], position=after[1], limit=limit
        )
        return [Finished._make(row) for row in rows]

    async def tickets(self, ids: Sequence[str]) -> list[Ticket]:
        """Give the tickets of these jobs, in this order."""
        rows = await self._session.rows("tickets", ids=json.dumps(ids))
        return [ticket_of(row) for row in rows]

    async def rescues(self) -> list[Ticket]:
        """Give the tickets that earlier runs left accepted or received, oldest first."""
        return [ticket_of(row) for row in await self._session.rows("rescues")]

    async def changes(self) -> tuple[int, int]:
        """Count this run's jobs that were bought before, and those of them to be bought anew.

        Changes that were accepted are not counted, nor seeds that `retry` chose.
        """
        row = (await self._session.rows("changes"))[0]
        return row["bought"], row["changed"]

    async def accept_changes(self) -> None:
        """Note that the changed jobs of this run are meant."""
        await self._session.execute("accept_changes")

    async def press(self, pressure: Pressure) -> None:
        """Note how hard the run presses the API."""
        await self._session.execute("press", pressure=json.dumps(asdict(pressure)))

    async def left_open(self) -> int:
        """Count older versions of this run's jobs that money may stand behind."""
        return int((await self._session.rows("left_open"))[0][0])

    async def tally(self) -> dict[Status, int]:
        """Count this run's jobs by state."""
        rows = await self._session.rows("tally")
        return {Status(row["status"]): row["jobs"] for row in rows}

    async def worsened(self) -> int:
        """Count this run's jobs that failed or turned invalid in it."""
        return int((await self._session.rows("worsened"))[0][0])

    async def bought(self) -> tuple[int, int]:
        """Tell how many calls of this run were billed, and their micro-credits."""
        row = (await self._session.rows("run_money"))[0]
        return row["bought"], row["spent"]

    async def bills_of(self, attempts: Iterable[int]) -> tuple[int, int]:
        """Tell how many of these attempts are billed by now, and their micro-credits."""
        row = (await self._session.rows("bills_of", numbers=json.dumps(list(attempts))))[0]
        return row["bought"], row["spent"]

    async def unsettled(self) -> dict[int, int]:
        """Give the attempts whose bill is open: number → micro-credits held."""
        rows = await self._session.rows("unsettled")
        return {row["number"]: row["reserved"] for row in rows}


def _parted(
    db: sqlite3.Connection, postings: Sequence[Posting], manifest: str
) -> tuple[list[str], list[Posting]]:
    """Tell the ids of jobs that are registered just as they are now from all other jobs."""
    ids = json.dumps([each.job.id for each in postings])
    known = {row[0]: row[1:] for row in db.execute(SQL["registered"], {"ids": ids})}
    stand, others = list[str](), list[Posting]()
    for each in postings:
        before = known.get(each.job.id)
        if each.invalid is None and before is not None and before == _registered(each, manifest):
            stand.append(each.job.id)
        else:
            others.append(each)
    return stand, others


def _registered(posting: Posting, manifest: str) -> tuple[object, ...]:
    """Give what `registered` reads of a job, once this is posted."""
    job, print_, declared = posting.job, posting.fingerprint, posting.declared
    return manifest, posting.position, job.priority, print_, declared, spec_of(job)
