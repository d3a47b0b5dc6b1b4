"""Moments are spelled so that they can be given again, and a watched process dies at its own."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from torture.moments import KINDS, WHENS, Chance, Moment, Step, parse, steps

WATCHED = """
import anyio, os, sqlite3, sys, threading
from torture.moments import Step
from torture.watching import Watch
kind, number, when, folder = sys.argv[1:]
os.chdir(folder)
Watch(Step(kind, int(number), when)).begin()

def write():
    for number in range(2):
        with open(f"f{number}", "w") as file:
            os.fsync(file.fileno())
        os.rename(f"f{number}", f"g{number}")

async def write_from_a_loop():
    with open("f2", "w") as file:
        await anyio.to_thread.run_sync(os.fsync, file.fileno())
    await anyio.to_thread.run_sync(os.rename, "f2", "g2")

ledger = sqlite3.connect("l.sqlite", isolation_level=None)
ledger.execute("CREATE TABLE t (n)")
for number in range(3):
    ledger.execute("BEGIN")
    ledger.execute("INSERT INTO t VALUES (1)")
    ledger.execute("COMMIT")
    ledger.execute("BEGIN")
    ledger.execute("SELECT * FROM t")
    ledger.execute("COMMIT")
thread = threading.Thread(target=write)
thread.start()
thread.join()
anyio.run(write_from_a_loop)
"""


CALLING = """
import aiohttp, anyio, sys
from torture.moments import Step
from torture.watching import Watch
kind, number, when, url, uvloop = sys.argv[1:]

async def call():
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(3):
            async with session.post(url, data=b"body") as answer:
                await answer.read()

Watch(Step(kind, int(number), when)).begin()
anyio.run(call, backend_options={"use_uvloop": uvloop == "yes"})
"""


class Listening(HTTPServer):
    """Counts the connections and the requests that came."""

    connections = requests = 0

    def verify_request(self, *_: object) -> bool:
        self.connections += 1
        return True


class Answering(BaseHTTPRequestHandler):
    """Answers whatever is posted."""

    server: Listening

    def do_POST(self) -> None:
        self.server.requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answer")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    "moment", [Step("commit", 3, "after"), Step("send", 12, "before"), Chance(0.25), Chance(1.5)]
)
def test_a_moment_can_be_read_again(moment: Moment) -> None:
    assert parse(str(moment)) == moment


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="is no moment"):
        parse("after lunch 3")


def test_every_step_is_listed_with_both_its_sides() -> None:
    listed = list(steps({"commit": 2, "send": 1}))
    assert [str(step) for step in listed] == [
        "before commit 1", "after commit 1", "before commit 2", "after commit 2",
        "before send 1", "after send 1",
    ]  # fmt: skip
    assert {step.when for step in listed} == set(WHENS)
    assert {step.kind for step in listed} < set(KINDS)


@pytest.mark.parametrize(
    ("step", "files", "rows"),
    [
        (Step("commit", 2, "before"), set(), 1),
        (Step("commit", 2, "after"), set(), 2),  # the transactions that only read are no steps
        (Step("fsync", 2, "before"), {"g0", "f1"}, 3),
        (Step("rename", 2, "before"), {"g0", "f1"}, 3),
        (Step("rename", 2, "after"), {"g0", "g1"}, 3),
        (Step("fsync", 3, "after"), {"g0", "g1", "f2"}, 3),
        (Step("rename", 3, "after"), {"g0", "g1", "g2"}, 3),
    ],
)
def test_a_watched_process_dies_exactly_at_its_step(
    tmp_path: Path, step: Step, files: set[str], rows: int
) -> None:
    words = [step.kind, str(step.number), step.when, str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *words],
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == -signal.SIGKILL
    assert {path.name for path in tmp_path.glob("[fg]?")} == files
    with closing(sqlite3.connect(tmp_path / "l.sqlite")) as ledger:
        assert ledger.execute("SELECT count(*) FROM t").fetchone() == (rows,)


@pytest.mark.parametrize("uvloop", ["yes", "no"])
@pytest.mark.parametrize(
    ("step", "connections", "requests"),
    [
        (Step("connect", 2, "before"), 1, 1),
        (Step("connect", 2, "after"), 2, 1),
        (Step("send", 2, "before"), 2, 1),  # head and body of so small a request go at once
        (Step("send", 2, "after"), 2, 2),
        (Step("receive", 1, "before"), 1, 1),
    ],
)
def test_a_watched_process_dies_exactly_at_its_step_on_the_network(
    step: Step, connections: int, requests: int, uvloop: str
) -> None:
    with Listening(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        words = [step.kind, str(step.number), step.when, url, uvloop]
        done = subprocess.run(
            [sys.executable, "-c", CALLING, *words],
            check=False,
            env={"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        server.shutdown()
        thread.join()
    assert done.returncode == -signal.SIGKILL
    assert (server.connections, server.requests) == (connections, requests)
