from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from ledger_parts import opened

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 12

# Jobs are journaled by eight at once; each line is an acknowledgement of one step.
JOURNALING = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
import anyio
from pipeline.ledger import Moves, Posting, Roster, Sending, begin, hold, writing
from pipeline.model import Job, Receipt, Status, Ticket

async def main(ledger, prefix):
    numbers = count()
    async with writing(ledger) as write:
        now = lambda: datetime.now(UTC)
        session, _ = await begin(write, manifest="m", provider="p", budget=None, now=now)
        roster, moves = Roster(session), Moves(session)
        print("begun", flush=True)

        async def work():
            while True:
                job = Job(f"{prefix}-{next(numbers)}", "a.jpg")
                await roster.register([Posting(job, 0, job.id, job.id)])
                ticket = Ticket(job, job.id, Status.PENDING)
                ticket, attempt = await moves.sent(ticket, Sending("v1", "b", 5))
                print("sent", job.id, flush=True)
                await moves.received(ticket, attempt, Receipt(credits=7))
                print("received", job.id, flush=True)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(work)

with hold(Path(sys.argv[1])):
    anyio.run(main, Path(sys.argv[1]), sys.argv[2])
""".replace("Receipt, Roster", "Roster").replace(
    "import Job, Status", "import Job, Receipt, Status"
)


def acknowledged_until_killed(ledger: Path, prefix: str, seconds: float) -> list[tuple[str, str]]:
    command = [sys.executable, "-c", JOURNALING, str(ledger), prefix]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(seconds)
        child.kill()
        # the last line may be cut: it was not read, so nothing was built on it
        lines = [line.split() for line in child.stdout if line.endswith("\n")]
    return [(step, id_) for step, id_ in lines]


@pytest.mark.anyio
async def test_no_step_that_was_acknowledged_is_lost_however_often_the_run_is_killed(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "l.sqlite"
    draw = random.Random(7)  # noqa: S311 - moments to kill at, the same each time
    told: list[tuple[str, str]] = []
    for kill in range(KILLS):
        told += acknowledged_until_killed(ledger, f"run{kill}", draw.uniform(0.0, 0.06))
    sent = {id_ for step, id_ in told if step == "sent"}
    received = {id_ for step, id_ in told if step == "received"}
    assert received
    async with opened(ledger, manifest="m", provider="p") as parts:
        status = dict(await parts.sql("SELECT id, status FROM ticket"))
        bills = await parts.sql("SELECT id, state, credits FROM attempt")
    assert {id_ for id_ in received if status.get(id_) != "received"} == set()
    # an intent without an answer is unknown, never pending: it is not sent again by itself
    assert {id_ for id_ in sent if status.get(id_) not in {"received", "unknown"}} == set()
    # nothing is half a step: each attempt says what its ticket says, and each job has one at most
    assert len({id_ for id_, _, _ in bills}) == len(bills)
    for id_, state, credits in bills:
        assert (status[id_], state, credits) in {
            ("received", "billed", 7),
            ("unknown", "unknown", 0),
        }
    with closing(sqlite3.connect(ledger)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
