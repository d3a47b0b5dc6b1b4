"""A feed gone wrong must not buy a catalogue anew."""

import json
from pathlib import Path
from typing import Any

import pytest
from catalogue import LocalApi, catalog3d, local_api, summary, write_manifest

from pipeline.batch.changes import too_many


@pytest.mark.parametrize(
    ("changed", "bought", "most", "stops"),
    [
        (10, 10, 0.2, False),  # ten jobs are never too many
        (11, 11, 0.2, True),
        (20, 100, 0.2, False),  # 20 of 100 are 20 %
        (21, 100, 0.2, True),
        (100, 100, None, False),
        (100, 100, 1.0, False),
        (11, 10_000, 0.0, True),
    ],
)
def test_more_than_ten_and_more_than_the_share_need_a_word(
    changed: int, bought: int, most: float | None, *, stops: bool
) -> None:
    assert too_many(changed, bought, most) is stops


def with_prompt(manifest: Path, prompt: str, count: int) -> None:
    """Change so many jobs of a manifest."""
    text: dict[str, Any] = json.loads(manifest.read_text())
    for job in text["jobs"][:count]:
        job["prompt"] = prompt
    manifest.write_text(json.dumps(text))


def bought(folder: Path, api: LocalApi, **sections: Any) -> Path:
    manifest = write_manifest(folder, 14, api.urls["v1"], **sections)
    assert catalog3d("run", manifest).returncode == 0
    return manifest


def test_a_run_stops_before_it_buys_a_changed_catalogue_until_that_is_accepted(
    tmp_path: Path,
) -> None:
    with local_api("--speed", "2000") as api:
        manifest = bought(tmp_path, api)
        with_prompt(manifest, "ball", 12)
        plan = catalog3d("plan", manifest)
        stopped = [catalog3d("run", manifest, "--json") for _ in range(2)]
        before = api.books()["submits"]
        # accepted once it stays so, also where the budget ends the run in between
        part = catalog3d("run", manifest, "--accept-changes", "--budget", "0.3")
        rest = catalog3d("run", manifest)
        after = api.books()["submits"]
    assert "run` asks for --accept-changes" in plan.stdout
    assert [done.returncode for done in stopped] == [2, 2]
    assert summary(stopped[1])["stop"]["kind"] == "changes"
    assert "12 of the 14 jobs that were bought before" in summary(stopped[1])["stop"]["message"]
    assert before == 14
    assert part.returncode == 4
    assert rest.returncode == 0, rest.stderr
    assert after == 14 + 12


def test_a_few_changes_and_a_raised_share_need_no_word(tmp_path: Path) -> None:
    with local_api("--speed", "2000") as api:
        manifest = bought(tmp_path, api)
        with_prompt(manifest, "ball", 10)
        assert catalog3d("run", manifest).returncode == 0
        text = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**text, "safety": {"max_changed": "90 %"}}))
        with_prompt(manifest, "cup", 12)  # 12 of 14 are 86 %
        assert catalog3d("run", manifest).returncode == 0
        assert api.books()["submits"] == 14 + 10 + 12


def test_what_only_changes_back_costs_nothing_and_needs_no_word(tmp_path: Path) -> None:
    with local_api("--speed", "2000") as api:
        manifest = bought(tmp_path, api)
        first = manifest.read_text()
        with_prompt(manifest, "ball", 14)
        assert catalog3d("run", manifest, "--accept-changes").returncode == 0
        manifest.write_text(first)
        assert catalog3d("run", manifest).returncode == 0
        assert api.books()["submits"] == 28
