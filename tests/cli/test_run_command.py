"""`catalog3d run` as users run it: real processes, the local API as another one."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from catalogue import (
    KEY,
    LocalApi,
    billed,
    catalog3d,
    command,
    environment,
    local_api,
    rows,
    summary,
    write_manifest,
)

from pipeline.formats import verify

BOTH = pytest.mark.parametrize("version", ["v1", "v2"])
FAST = ("--speed", "500", "--workers", "16")


def manifest_for(folder: Path, api: LocalApi, version: str, jobs: int, **limits: Any) -> Path:
    return write_manifest(
        folder,
        jobs,
        api.urls[version],
        api={"credits_url": api.urls["credits_url"]},
        limits={"concurrency": 8, **limits},
    )


def billed_in_ledger(folder: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(folder / "out" / "ledger.sqlite") as ledger:
        found = ledger.execute("SELECT id, credits FROM attempt WHERE state = 'billed'").fetchall()
    ledger.close()
    return found


@BOTH
def test_with_server_errors_and_a_rate_limit_every_job_succeeds_and_is_billed_once(
    tmp_path: Path, version: str
) -> None:
    # 200 jobs and about 50 errors make 250 submits, in windows of 1.5 s that take 30 each
    limits = ("--requests-per-minute", "30", "--rate-window", "1.5", "--credits", "20")
    with local_api(*FAST, *limits, "--fault", "500:0.2", "--seed", "3") as api:
        manifest = manifest_for(tmp_path, api, version, 200, attempts=8, concurrency=16)
        done = catalog3d("run", manifest, "--json")
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert summary(done)["jobs"]["succeeded"] == 200
    assert books["statuses"]["500"] > 20
    assert books["statuses"]["429"] > 0
    assert len(billed(books)) == len(set(billed(books))) == 200
    paid = billed_in_ledger(tmp_path)
    assert len({job for job, _ in paid}) == len(paid) == 200
    assert sum(credits for _, credits in paid) == books["spent_micro"]
    assert all(verify(path).triangles > 0 for path in (tmp_path / "out").glob("*.glb"))
    assert len(list((tmp_path / "out").glob("j*.json"))) == 200


@BOTH
def test_out_of_credits_it_stops_with_3_and_the_next_run_buys_exactly_the_rest(
    tmp_path: Path, version: str
) -> None:
    # 30 s at 0.002 credits a second make 0.06 a call, and 30 calls cost 1.8
    price = ("--latency", "30", "--latency-spread", "0", "--price-per-second", "0.002")
    with local_api("--speed", "300", "--workers", "16", *price, "--credits", "1.8") as api:
        manifest = manifest_for(tmp_path, api, version, 100)
        stopped = catalog3d("run", manifest, "--json")
        first = api.books()
        states = rows(manifest)
        api.top_up(70 * 0.06)
        finished = catalog3d("run", manifest, "--json")
        second = api.books()
    assert stopped.returncode == 3, stopped.stderr
    assert summary(stopped)["stop"]["kind"] == "credits"
    assert len(billed(first)) == 30
    assert first["submits"] <= 30 + 8  # no more than were in flight at the first 406
    pending = [row for row in states.values() if row["status"] == "pending"]
    assert len(pending) == 70
    assert {row["attempts"] for row in pending} == {0}
    assert finished.returncode == 0, finished.stderr
    assert summary(finished)["run"]["bought"] == 70
    assert len(billed(second)) == len(set(billed(second))) == 100
    assert second["balance_micro"] == 0


def test_a_second_run_sends_nothing(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 3)
        assert catalog3d("run", manifest).returncode == 0
        submits = api.books()["submits"]
        again = catalog3d("run", manifest, "--json")
        assert again.returncode == 0
        assert api.books()["submits"] == submits == 3
    assert summary(again)["run"]["bought"] == 0


def start(manifest: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("run", manifest, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def wait_for(api: LocalApi, submits: int) -> None:
    """Wait until so many calls were sent."""
    for _ in range(400):
        if api.books()["submits"] >= submits:
            return
        time.sleep(0.05)
    raise AssertionError(f"fewer than {submits} calls were sent")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@BOTH
def test_a_signal_ends_admission_and_drains_what_is_paid_for(
    tmp_path: Path, version: str, number: signal.Signals, code: int
) -> None:
    with local_api("--speed", "30", "--workers", "16") as api:
        manifest = manifest_for(tmp_path, api, version, 12, concurrency=4)
        run = start(manifest)
        wait_for(api, 4)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
        books = api.books()
        rest = catalog3d("run", manifest)
        after = api.books()
    assert run.returncode == code, err
    jobs = json.loads(out)["jobs"]
    assert jobs["succeeded"] == len(billed(books)) == books["submits"] < 12
    assert jobs["succeeded"] + jobs["pending"] == 12
    assert rest.returncode == 0
    assert len(billed(after)) == len(set(billed(after))) == 12


def test_a_second_signal_leaves_at_once_and_v1_calls_in_flight_are_unknown_from_then_on(
    tmp_path: Path,
) -> None:
    with local_api("--speed", "5", "--workers", "16") as api:
        manifest = manifest_for(tmp_path, api, "v1", 6, concurrency=3)
        run = start(manifest)
        wait_for(api, 3)
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
        later = catalog3d("run", manifest, "--json")
        states = rows(manifest)
    assert run.returncode == 130, err
    assert json.loads(out)["jobs"]["sent"] == 3
    assert later.returncode == 1
    assert summary(later)["jobs"] | {"succeeded": 3, "unknown": 3} == summary(later)["jobs"]
    assert summary(later)["credits"]["unsettled"] > 0
    assert {row["error"]["kind"] for row in states.values() if row["error"]} == {"interrupted"}


def test_a_killed_v2_run_is_continued_and_nothing_is_bought_twice(tmp_path: Path) -> None:
    with local_api("--speed", "30", "--workers", "16") as api:
        manifest = manifest_for(tmp_path, api, "v2", 12, concurrency=4)
        run = start(manifest)
        wait_for(api, 4)
        time.sleep(0.3)
        run.kill()
        run.communicate(timeout=30)
        before = summary(catalog3d("status", manifest, "--json"))["credits"]["spent"]
        done = catalog3d("run", manifest, "--json")
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert len(billed(books)) == len(set(billed(books))) == 12
    run_, whole = summary(done)["run"], summary(done)["credits"]["spent"]
    assert round(whole * 1e6) == books["spent_micro"]
    assert run_["earlier"] > 0
    assert before + run_["earlier_spent"] + run_["spent"] == pytest.approx(whole)


def test_a_second_run_at_the_same_time_exits_6(tmp_path: Path) -> None:
    with local_api("--speed", "0.5") as api:
        manifest = manifest_for(tmp_path, api, "v1", 4)
        run = start(manifest)
        wait_for(api, 1)
        second = catalog3d("run", manifest)
        status = catalog3d("status", manifest, "--json")
        run.kill()
        run.communicate(timeout=30)
    assert second.returncode == 6
    assert "another run holds the ledger" in second.stderr
    assert sum(summary(status)["jobs"].values()) == 4
    assert summary(status)["running"]
    told = catalog3d("status", manifest).stdout
    assert "lost their answers, and are unknown from the next on" in told


def test_without_a_key_nothing_is_sent_and_the_variable_is_named(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 1, "http://127.0.0.1:9/v1/sam-3d-objects")
    keyless = {name: value for name, value in os.environ.items() if "SEGMIND" not in name}
    done = catalog3d("run", manifest, env=keyless)
    assert done.returncode == 2
    assert "SEGMIND_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    keyless = {name: value for name, value in os.environ.items() if "SEGMIND" not in name}
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 1)
        done = catalog3d(
            "run", manifest, env={**keyless, "SEGMIND_API_KEY_FILE": str(tmp_path / "key")}
        )
    assert done.returncode == 0, done.stderr


def test_the_key_stands_in_no_file_and_no_output(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v2", 2)
        done = catalog3d("run", manifest, "-v", "--log-format", "json")
    assert done.returncode == 0
    assert KEY not in done.stdout + done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 6
    assert not [path for path in written if KEY.encode() in path.read_bytes()]


def test_the_bundled_api_needs_no_key_and_keeps_its_account_between_runs(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 2)
    first = catalog3d("run", manifest, "--limit", "1", "--json")
    second = catalog3d("run", manifest, "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert summary(first)["jobs"]["pending"] == 1
    left = summary(first)["credits"]["remaining"] - summary(second)["credits"]["remaining"]
    assert left == pytest.approx(summary(second)["run"]["spent"])


def test_only_takes_several_ids_and_refuses_one_that_is_none(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 4)
        done = catalog3d("run", manifest, "--only", "j000", "j002", "--json")
        wrong = catalog3d("run", manifest, "--only", "nope")
        states = {id_: row["status"] for id_, row in rows(manifest).items()}
    assert done.returncode == 0, done.stderr
    assert summary(done)["jobs"]["succeeded"] == 2
    assert states == {
        "j000": "succeeded", "j001": "pending", "j002": "succeeded", "j003": "pending"
    }  # fmt: skip
    assert wrong.returncode == 2
    assert "nope" in wrong.stderr


def test_an_input_that_cannot_be_used_is_invalid_and_the_rest_runs(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 3)
        (tmp_path / "photos" / "p001.png").write_text("no picture")
        (tmp_path / "photos" / "p002.png").unlink()
        done = catalog3d("run", manifest, "--json")
        again = catalog3d("run", manifest, "--json")
        states = rows(manifest)
        checked = catalog3d("check", manifest)
    assert done.returncode == 1
    assert again.returncode == 0  # said once; nothing turned invalid in this run
    assert states["j000"]["status"] == "succeeded"
    assert states["j001"]["error"]["kind"] == "not_an_image"
    assert states["j002"]["error"]["kind"] == "missing_file"
    assert checked.returncode == 1
    assert "j002: photos/p002.png: no such file" in checked.stdout


def test_equal_fingerprints_are_bought_once_and_every_id_has_its_file(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        write_manifest(tmp_path, 1)
        jobs = [{"id": f"twin{n}", "image": "photos/p000.png"} for n in range(5)]
        manifest = write_manifest(tmp_path, jobs, api.urls["v1"])
        done = catalog3d("run", manifest, "--json")
        books = api.books()
        states = rows(manifest)
    assert done.returncode == 0, done.stderr
    assert len(billed(books)) == books["submits"] == 1
    assert len({row["sha256"] for row in states.values()}) == 1
    assert sorted(row["credits"] > 0 for row in states.values()) == [False] * 4 + [True]
    for row in states.values():
        assert (tmp_path / "out" / row["result"]).stat().st_size == row["bytes"]


def test_a_changed_job_is_bought_anew_and_a_change_back_is_free(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        write_manifest(tmp_path, 1)

        def run_with(seed: int) -> dict[str, Any]:
            job = {"id": "a", "image": "photos/p000.png", "seed": seed}
            manifest = write_manifest(tmp_path, [job], api.urls["v1"])
            assert catalog3d("run", manifest).returncode == 0
            return rows(manifest)["a"]

        one, two, back = run_with(1), run_with(2), run_with(1)
        submits = api.books()["submits"]
    assert submits == 2
    assert one["sha256"] == back["sha256"] != two["sha256"]
    assert (tmp_path / "out" / "a.glb").stat().st_size == back["bytes"]
    assert two["result"] == back["result"] == "a.glb"
    sidecar = json.loads((tmp_path / "out" / "a.json").read_text())
    assert sidecar["job"]["seed"] == 1
    kept = list((tmp_path / "out").glob("a.????????.glb"))
    assert [path.stat().st_size for path in kept] == [two["bytes"]]


def test_failed_jobs_wait_for_retry_and_then_are_tried_anew(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "500:1") as api:
        manifest = manifest_for(tmp_path, api, "v1", 2, attempts=1)
        failed = catalog3d("run", manifest, "--json")
        later = catalog3d("run", manifest, "--json")
        submits = api.books()["submits"]
        put_back = catalog3d("retry", manifest, "--json")
        states = rows(manifest)
        again = catalog3d("run", manifest, "--json")
        after = api.books()["submits"]
    assert failed.returncode == 1
    assert later.returncode == 0  # it no longer fails a later run
    assert submits == 2
    assert summary(put_back)["put_back"] == ["j000", "j001"]
    assert {row["status"] for row in states.values()} == {"pending"}
    assert {row["attempts"] for row in states.values()} == {0}
    assert again.returncode == 1
    assert after == 4


def test_retry_with_another_seed_makes_it_another_purchase(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "500:1") as api:
        manifest = manifest_for(tmp_path, api, "v1", 1, attempts=1)
        catalog3d("run", manifest)
        catalog3d("retry", manifest, "--seed", "77")
        catalog3d("run", manifest)
        seeds = [each["seed"] for each in api.books()["requests"]]
    assert seeds == [77, 123]


def test_a_budget_that_is_reached_stops_with_4(tmp_path: Path) -> None:
    # at 0.06 a call, 0.20 pays for 3
    price = ("--latency", "30", "--latency-spread", "0", "--price-per-second", "0.002")
    with local_api(*FAST, *price) as api:
        manifest = write_manifest(
            tmp_path, 6, api.urls["v1"], budget={"credits": 0.20, "price": 0.06}
        )
        done = catalog3d("run", manifest, "--json")
        wider = catalog3d("run", manifest, "--budget", "5", "--json")
    assert done.returncode == 4
    assert summary(done)["run"] | {"bought": 3, "spent": 0.18} == summary(done)["run"]
    assert wider.returncode == 0
    assert summary(wider)["jobs"]["succeeded"] == 6


def test_output_into_a_file_is_plain_lines(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 2)
        done = catalog3d("run", manifest)
    assert "\x1b" not in done.stdout + done.stderr
    assert "[2/2]" in done.stderr
    assert "2  succeeded" in done.stdout


def test_json_prints_one_document_and_nothing_else(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = manifest_for(tmp_path, api, "v1", 1)
        done = catalog3d("run", manifest, "--json", "--log-format", "json")
    assert set(json.loads(done.stdout)) == {"exit_code", "stop", "jobs", "credits", "run"}
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events[0] == "start"
    assert events.count("job") == 3  # sent, received, succeeded
