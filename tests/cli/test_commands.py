"""The commands beside `run`, as real processes."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from catalogue import catalog3d, command, environment, local_api, photo, summary, write_manifest

from pipeline.cli import COMMANDS

FAST = ("--speed", "500", "--workers", "16")
UNREACHABLE = "http://127.0.0.1:9/v1/sam-3d-objects"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_its_first_line_stands_in_the_list(name: str) -> None:
    shown = catalog3d(name, "--help")
    assert shown.returncode == 0
    assert f"Usage: catalog3d {name}" in shown.stdout


def test_help_lists_the_commands_and_version_tells_the_version() -> None:
    shown = catalog3d("--help").stdout
    assert all(f"  {name}" in shown for name in COMMANDS)
    assert catalog3d("--version").stdout.startswith("catalog3d, version 0.")


@pytest.mark.parametrize(
    "args", [("run",), ("nope",), ("run", "a.yaml", "--nope"), ("jobs", "a.yaml", "--status", "x")]
)
def test_bad_usage_exits_2_without_a_traceback(args: tuple[str, ...]) -> None:
    done = catalog3d(*args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


INTERRUPTED_IN_AN_IMPORT = """
import sys
from pipeline.cli import main

class Interrupt:
    def find_spec(self, name, *_):
        if name == "pipeline.batch":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
main()
"""


def test_a_signal_while_a_command_is_being_loaded_is_no_failure_of_jobs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_AN_IMPORT, "run", write_manifest(tmp_path, 1)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_interrupted_twice_check_ends_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(photo(0, 6000))
    jobs = [{"id": f"j{number}", "image": "large.png", "prompt": "x"} for number in range(1000)]
    manifest = write_manifest(tmp_path, jobs)
    pipe = subprocess.PIPE
    check = subprocess.Popen(command("check", manifest), stdout=pipe, stderr=pipe, text=True)
    time.sleep(2)
    for _ in range(2):
        check.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert check.communicate(timeout=60) == ("", "")
    assert check.returncode in {130, -signal.SIGINT}


@pytest.mark.parametrize("name", ["check", "plan", "run", "status", "jobs", "retry", "credits"])
def test_a_bad_manifest_exits_2_with_every_fault_in_its_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("api: {url: emulator}\noutput: {pth: out}\njobs:\n  - {image: 1}\n")
    done = catalog3d(name, path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{path}:2:9", "output.path"],
        [f"{path}:2:10", "output.pth"],
        [f"{path}:4:13", "jobs[0].image"],
    ]


def test_before_the_first_run_every_job_is_pending_and_nothing_is_written(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 3, UNREACHABLE)
    assert summary(catalog3d("status", manifest, "--json")) == {
        "jobs": {
            "pending": 3,
            "sent": 0,
            "accepted": 0,
            "received": 0,
            "succeeded": 0,
            "failed": 0,
            "invalid": 0,
            "unknown": 0,
        },
        "credits": {"spent": 0.0, "unsettled": 0.0, "remaining": None},
        "limits": None,
        "running": False,
    }
    assert "3 failed jobs" not in catalog3d("retry", manifest).stdout
    catalog3d("plan", manifest)
    catalog3d("run", manifest, "--dry-run")
    assert not (tmp_path / "out").exists()


def test_a_run_that_buys_nothing_leaves_what_the_last_purchases_told_of_the_limits(
    tmp_path: Path,
) -> None:
    with local_api(*FAST) as api:
        manifest = write_manifest(tmp_path, 3, api.urls["v1"], limits={"concurrency": 3})
        catalog3d("run", manifest, "--limit", "2")
        write_manifest(tmp_path, 3, api.urls["v1"], limits={"concurrency": 5})
        photo = tmp_path / "photos" / "p002.png"
        photo.write_bytes(photo.read_bytes()[:-40])  # its head is whole: only sending finds it cut
        done = summary(catalog3d("run", manifest, "--json"))
    assert (done["jobs"]["succeeded"], done["jobs"]["invalid"]) == (2, 1)
    limits = summary(catalog3d("status", manifest, "--json"))["limits"]
    assert (limits["limit"], limits["reason"]) == (3, "as stated")
    assert "last run that bought: at most 3" in catalog3d("status", manifest).stdout
    assert catalog3d("status", manifest, "--complete").returncode == 1


@pytest.mark.parametrize(
    ("concurrency", "reason"),
    [(3, "as stated"), ("auto", "finding out how long a call takes; as stated")],
)
def test_status_says_why_calls_and_starts_are_limited_as_they_are(
    tmp_path: Path, concurrency: int | str, reason: str
) -> None:
    limits = {"concurrency": concurrency, "requests_per_minute": 6000}
    with local_api(*FAST) as api:
        manifest = write_manifest(tmp_path, 1, api.urls["v1"], limits=limits)
        catalog3d("run", manifest)
    told = summary(catalog3d("status", manifest, "--json"))["limits"]
    assert (told["per_minute"], told["reason"]) == (6000, reason)


def test_jobs_lists_the_same_as_table_lines_and_csv(tmp_path: Path) -> None:
    with local_api(*FAST) as api:
        manifest = write_manifest(tmp_path, 3, api.urls["v1"])
        (tmp_path / "photos" / "p002.png").unlink()
        catalog3d("run", manifest)
    lines = catalog3d("jobs", manifest, "--format", "jsonl").stdout.splitlines()
    read = [json.loads(line) for line in lines]
    assert [(row["id"], row["status"]) for row in read] == [
        ("j000", "succeeded"),
        ("j001", "succeeded"),
        ("j002", "invalid"),
    ]
    assert set(read[0]) == {
        "id", "status", "attempts", "credits", "request_id",
        "result", "sha256", "bytes", "files", "error",
    }  # fmt: skip
    assert read[0]["files"] == [
        {
            "role": "result",
            "path": "j000.glb",
            "sha256": read[0]["sha256"],
            "bytes": read[0]["bytes"],
        }
    ]
    as_csv = csv.DictReader(io.StringIO(catalog3d("jobs", manifest, "--format", "csv").stdout))
    assert [row["error_kind"] for row in as_csv] == ["", "", "missing_file"]
    table = catalog3d("jobs", manifest, "--format", "table").stdout
    assert "photos/p002.png: no such file" in " ".join(table.split())
    chosen = catalog3d("jobs", manifest, "--status", "invalid", "--json").stdout
    assert [row["id"] for row in json.loads(chosen)] == ["j002"]


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 1, UNREACHABLE)
    text = json.loads(manifest.read_text())
    text["jobs"] = [{"id": f"j{n}", "image": "photos/p000.png"} for n in range(3000)]
    manifest.write_text(json.dumps(text))
    reading, writing = os.pipe()
    with subprocess.Popen(
        command("jobs", manifest), stdout=writing, stderr=subprocess.PIPE, env=environment()
    ) as listing:
        os.close(writing)
        os.read(reading, 10)
        os.close(reading)
        _, said = listing.communicate(timeout=30)
    assert said == b""
    assert listing.returncode == 0


def test_check_looks_at_every_input_and_spends_nothing(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 3, UNREACHABLE)
    assert catalog3d("check", manifest).stdout == "3 jobs, all inputs are fine\n"
    whole = (tmp_path / "photos" / "p001.png").read_bytes()
    (tmp_path / "photos" / "p001.png").write_bytes(whole[:-60])
    done = catalog3d("check", manifest, "--json")
    assert done.returncode == 1
    assert [(each["id"], each["kind"]) for each in summary(done)["invalid"]] == [
        ("j001", "not_an_image")
    ]


def test_credits_shows_the_balance(tmp_path: Path) -> None:
    with local_api(*FAST, "--credits", "7.25") as api:
        urls = {"credits_url": api.urls["credits_url"]}
        manifest = write_manifest(tmp_path, 1, api.urls["v1"], api=urls)
        assert catalog3d("credits", manifest).stdout == "7.2500 credits\n"
        assert summary(catalog3d("credits", manifest, "--json")) == {"credits": 7.25}
    assert catalog3d("credits", manifest).returncode == 1  # nobody answers any more


def test_the_schema_accepts_the_sample_manifest_and_is_json() -> None:
    schema = json.loads(catalog3d("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"api", "budget", "output", "jobs"} <= set(schema["properties"])


def test_the_module_is_the_command() -> None:
    by_script = subprocess.run(
        [Path(command()[0]).with_name("catalog3d"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert by_script.stdout == catalog3d("--version").stdout
