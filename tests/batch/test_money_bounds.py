"""What a run may spend, while prices vary by 30 % and fifty calls are in flight."""

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from catalogue import LocalApi, catalog3d, command, environment, local_api, write_manifest

# 33 s at 0.0019 credits a second are 0.0627 credits, give or take 30 %: 0.0439 to 0.0815
VARYING = ("--speed", "200", "--latency-spread", "0.3", "--credits", "10")
MICRO = 1_000_000


def manifest_of(folder: Path, api: LocalApi, version: str, **budget: float) -> Path:
    return write_manifest(
        folder,
        60,
        api.urls[version],
        api={name: api.urls[name] for name in ("credits_url", "history_url")},
        limits={"concurrency": 50},
        budget={"price": 0.0627, **budget},
    )


def passed(folder: Path) -> dict[int, tuple[int, int]]:
    """Of each run: what it spent, and the sum of (actual - reserved) where that is above 0."""
    with closing(sqlite3.connect(folder / "out" / "ledger.sqlite")) as db:
        rows = db.execute(
            "SELECT run, SUM(credits), SUM(MAX(0, credits - reserved)) FROM attempt"
            " WHERE state = 'billed' GROUP BY run"
        )
        return {run: (spent, over) for run, spent, over in rows}


def paid(api: LocalApi) -> int:
    return sum(each["billed_micro"] for each in api.books()["requests"])


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_budget_is_passed_by_no_more_than_what_calls_cost_above_their_reserve(
    tmp_path: Path, version: str
) -> None:
    with local_api(*VARYING) as api:
        manifest = manifest_of(tmp_path, api, version, credits=1.0)
        done = catalog3d("run", manifest)
        books = paid(api)
    assert done.returncode == 4, done.stderr
    [(spent, over)] = passed(tmp_path).values()
    assert spent == books
    assert 0.8 * MICRO < spent <= MICRO + over
    assert over <= 16 * 0.0188 * MICRO  # 1.00 holds 15 calls at 0.0627; each costs 0.0188 more


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_reserve_stays_on_the_account_but_for_the_same(tmp_path: Path, version: str) -> None:
    with local_api(*VARYING[:-1], "1.5") as api:
        manifest = manifest_of(tmp_path, api, version, reserve=0.5)
        done = catalog3d("run", manifest)
        books = paid(api)
    assert done.returncode == 4, done.stderr
    [(spent, over)] = passed(tmp_path).values()
    assert spent == books
    assert 0.8 * MICRO < spent <= MICRO + over


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_restarts_widen_a_budget_by_no_more_than_each_run_was_allowed(
    tmp_path: Path, version: str
) -> None:
    with local_api(*VARYING) as api:
        manifest = manifest_of(tmp_path, api, version, credits=0.4)
        for _ in range(5):
            before = api.books()["submits"]
            killed = subprocess.Popen(
                command("run", manifest), env=environment(), stderr=subprocess.DEVNULL
            )
            for _ in range(2000):
                if api.books()["submits"] >= before + 3 or killed.poll() is not None:
                    break
                time.sleep(0.005)
            killed.kill()
            killed.wait()
        done = catalog3d("run", manifest)
        books = paid(api)
    assert done.returncode == 4, done.stderr
    runs = passed(tmp_path)
    assert all(spent <= 0.4 * MICRO + over for spent, over in runs.values())
    assert sum(spent for spent, _ in runs.values()) <= books <= 6 * 0.5 * MICRO
