"""Lost answers, found by the provider's history: the command against the local API."""

import json
from pathlib import Path
from typing import Any

import pytest
from catalogue import (
    LocalApi,
    billed,
    catalog3d,
    local_api,
    rows,
    summary,
    write_manifest,
    write_photos,
)

FAST = ("--speed", "500")


def manifest_for(
    folder: Path, api: LocalApi, jobs: int | list[dict[str, Any]], version: str, **sections: Any
) -> Path:
    timeout = sections.pop("timeout", 180)
    own = {
        "timeout": timeout,
        "history_url": api.urls["history_url"],
        "credits_url": api.urls["credits_url"],
    }
    sections = {"limits": {"concurrency": 1}, **sections}
    return write_manifest(folder, jobs, api.urls[version], api=own, **sections)


def spent(manifest: Path) -> int:
    told: dict[str, float] = summary(catalog3d("status", manifest, "--json"))["credits"]
    assert told["unsettled"] == 0
    return round(told["spent"] * 1_000_000)


def paid(books: Any) -> int:
    return sum(each["billed_micro"] for each in books["requests"])


def alike(folder: Path, count: int, **fields: Any) -> list[dict[str, Any]]:
    """Jobs that differ by their pictures only."""
    names = write_photos(folder / "photos", count)
    return [{"image": f"photos/{name}", "prompt": "ball", **fields} for name in names]


@pytest.mark.parametrize(
    ("version", "fault", "pictures"),
    [
        ("v1", "drop-after", "none"),
        ("v1", "drop-after", "sent"),
        ("v1", "504-after", "sha256"),
        ("v1", "cut", "none"),
        ("v2", "drop-after", "none"),
        ("v2", "502-after", "sent"),
        ("v2", "cut", "none"),
    ],
)
def test_an_answer_that_was_lost_after_billing_is_found_and_billed_once(
    tmp_path: Path, version: str, fault: str, pictures: str
) -> None:
    options = ("--fault", f"{fault}#2", "--history-images", pictures)
    with local_api(*FAST, *options) as api:
        manifest = manifest_for(tmp_path, api, 3, version)
        done = catalog3d("run", manifest)
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert {row["status"] for row in rows(manifest).values()} == {"succeeded"}
    assert len(billed(books)) == len(set(billed(books))) == books["submits"] == 3
    assert spent(manifest) == paid(books)


def test_a_request_that_never_arrived_is_freed_and_bought_once(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "drop-before#1") as api:
        manifest = manifest_for(tmp_path, api, 3, "v1", reconcile={"settle": 0}, timeout=8)
        for _ in range(40):  # it is freed once 8 s have passed
            done = catalog3d("run", manifest)
            if done.returncode == 0:
                break
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert len(billed(books)) == len(set(billed(books))) == 3
    assert books["submits"] == 4
    assert spent(manifest) == paid(books)


def test_a_request_that_never_arrived_stays_unknown_until_the_history_has_settled(
    tmp_path: Path,
) -> None:
    with local_api(*FAST, "--fault", "drop-before#1") as api:
        manifest = manifest_for(tmp_path, api, 2, "v1")
        assert catalog3d("run", manifest).returncode == 1
        left = catalog3d("resolve", manifest)
        submits = api.books()["submits"]
    assert left.returncode == 1
    assert "the history does not show it, and may yet: ask again after" in left.stdout
    assert submits == 2


def test_what_looks_alike_stays_unknown_and_is_settled_by_its_owner(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "drop-after#1,2,3", "--history-images", "none") as api:
        manifest = manifest_for(tmp_path, api, alike(tmp_path, 4), "v1")
        assert catalog3d("run", manifest).returncode == 1
        told = catalog3d("resolve", manifest, "--json")
        stranger = catalog3d("resolve", manifest, "--write-off", "p003")
        said = catalog3d("resolve", manifest, "--write-off", "p000", "--resend", "p001", "p002")
        between = {id_: row["status"] for id_, row in rows(manifest).items()}
        done = catalog3d("run", manifest)
        books = api.books()
    assert told.returncode == 1
    left = summary(told)["left"]
    assert [each["id"] for each in left] == ["p000", "p001", "p002"]
    assert all("3 requests of the history may be this one" in each["why"] for each in left)
    assert {each["credits_held"] for each in left} == {0.065}
    assert all(json.loads(each["parameters"])["prompt"] == "ball" for each in left)
    assert stranger.returncode == 2
    assert "not among the unknown jobs: p003" in stranger.stderr
    assert said.returncode == 1, said.stderr  # the two resent calls' bills stay open
    assert "may be paid" in said.stdout or "paid for twice" in said.stdout
    assert between == {"p000": "failed", "p001": "pending", "p002": "pending", "p003": "succeeded"}
    assert done.returncode == 0, done.stderr
    ended = {id_: row["status"] for id_, row in rows(manifest).items()}
    assert ended == {**between, "p001": "succeeded", "p002": "succeeded"}
    assert books["submits"] == 6  # 4, and 2 again as their owner said


def test_a_seed_of_its_own_tells_jobs_apart_that_look_alike(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "drop-after#1,2,3", "--history-images", "none") as api:
        manifest = manifest_for(tmp_path, api, alike(tmp_path, 4, seed="auto"), "v1")
        done = catalog3d("run", manifest)
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert len(billed(books)) == len(set(billed(books))) == books["submits"] == 4
    assert spent(manifest) == paid(books)


def test_without_a_history_nothing_unknown_is_ever_sent_again(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "drop-after#1", "--history", "off") as api:
        manifest = manifest_for(tmp_path, api, 2, "v1", reconcile={"settle": 0})
        assert catalog3d("run", manifest).returncode == 1
        assert catalog3d("run", manifest).returncode == 1
        left = catalog3d("resolve", manifest)
        submits = api.books()["submits"]
    assert left.returncode == 1
    assert "calls that stay unknown: 1; 0.0650 credits are held for them" in left.stdout
    assert submits == 2


def test_twins_of_a_lost_answer_come_home_with_it(tmp_path: Path) -> None:
    [name] = write_photos(tmp_path / "photos", 1)
    jobs = [{"id": id_, "image": f"photos/{name}"} for id_ in ("a", "b", "c")]
    with local_api(*FAST, "--fault", "drop-after#1") as api:
        manifest = manifest_for(tmp_path, api, jobs, "v1")
        done = catalog3d("run", manifest)
        books = api.books()
    assert done.returncode == 0, done.stderr
    assert {row["status"] for row in rows(manifest).values()} == {"succeeded"}
    assert books["submits"] == 1
    assert spent(manifest) == paid(books)


def test_a_late_row_is_found_by_the_next_run(tmp_path: Path) -> None:
    with local_api(*FAST, "--fault", "drop-after#1", "--history-delay", "3") as api:
        manifest = manifest_for(tmp_path, api, 1, "v1")
        first = catalog3d("run", manifest)
        for _ in range(20):
            left = catalog3d("resolve", manifest)
            if left.returncode == 0:
                break
        books = api.books()
    assert first.returncode == 1
    assert left.returncode == 0, left.stdout
    assert "p000: succeeded" in left.stdout or "j000: succeeded" in left.stdout
    assert books["submits"] == 1
