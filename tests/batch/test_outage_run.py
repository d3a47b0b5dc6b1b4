"""An outage of the service in the middle of a run: nothing fails by it, and no try is used."""

import re
from pathlib import Path

from catalogue import billed, catalog3d, local_api, rows, summary, write_manifest


def test_an_outage_in_the_middle_of_a_run_uses_no_try(tmp_path: Path) -> None:
    with local_api("--speed", "2000", "--fault", "down=8#40") as api:
        # what is cut off when it goes down never arrives: 3 s later the history says so
        sections = {
            "api": {"history_url": api.urls["history_url"], "timeout": 3},
            "reconcile": {"settle": 0},
            "limits": {"concurrency": 8, "attempts": 2},
        }
        manifest = write_manifest(tmp_path, 120, api.urls["v2"], **sections)
        done = catalog3d("run", manifest)
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert "the service seems to be down" in done.stderr
    assert "the service is back" in done.stderr
    listed = rows(manifest).values()
    assert {row["status"] for row in listed} == {"succeeded"}
    assert [row["id"] for row in listed if row["attempts"] > 1] == []
    assert len(billed(books)) == len(set(billed(books))) == 120


def test_a_service_that_stays_down_ends_the_run_with_exit_8_and_all_tries_left(
    tmp_path: Path,
) -> None:
    limits = {"concurrency": 4, "attempts": 1, "give_up_after": 3}
    manifest = write_manifest(tmp_path, 8, "http://127.0.0.1:9/v1/sam-3d-objects", limits=limits)
    done = catalog3d("run", manifest, "--json")
    failed = re.findall(r"\[\d/8\] (j\d+) failed", done.stderr)
    assert failed  # by its only try, before the outage was known; then it is told to be back
    back = re.findall(r"\[\d/8\] (j\d+) pending$", done.stderr, re.MULTILINE)
    assert sorted(back) == sorted(failed)
    assert done.returncode == 8, done.stderr
    assert summary(done)["stop"]["kind"] == "outage"
    assert "longer than limits.give_up_after" in summary(done)["stop"]["message"]
    assert {(row["status"], row["attempts"]) for row in rows(manifest).values()} == {("pending", 0)}
