from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.manifest import load
from pipeline.model import Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.manifest import Manifest

HEAD = "api: {url: emulator}\noutput: {path: out}\n"
FULL = """\
version: 1
api: {url: https://api.segmind.com/v2/sam-3d-objects}
budget: {credits: 25.0, reserve: 0.000001}
output: {path: out/demo, name: "{id}/{id}"}
defaults: {seed: 42, prompt: mug, meta: {brand: x}}
jobs:
  - id: mug-001
    image: photos/mug.jpg
    mask: masks/mug.png
    point_coords: [[320.0, 240.5], [1e2, 0]]
    bounding_box: "[50, 75.0, 350, 400]"
    seed: auto
    include_artifacts: true
    priority: -3
    meta: {sku: "0042", size_cm: 12, weight: 1.5, country: NO, none: ~, all: [true, {a: 0123}]}
  - {image: photos/vase.front.jpg, seed: null, prompt: }
  - {image: "data:image/png;base64,AAAA", id: inline}
"""


def test_a_manifest_gives_its_jobs_in_order_with_defaults_laid_under(
    loaded: Callable[[str], Manifest],
) -> None:
    manifest = loaded(FULL)
    assert manifest.count == 3
    assert list(manifest.jobs()) == [
        Job(
            id="mug-001",
            image="photos/mug.jpg",
            prompt="mug",
            mask="masks/mug.png",
            point_coords=((320, 240.5), (100, 0)),
            bounding_box=(50, 75, 350, 400),
            seed="auto",
            include_artifacts=True,
            priority=-3,
            meta={
                "sku": "0042",
                "size_cm": 12,
                "weight": 1.5,
                "country": "NO",
                "none": None,
                "all": [True, {"a": "0123"}],
            },
            line=7,
        ),
        Job(id="vase.front", image="photos/vase.front.jpg", meta={"brand": "x"}, line=16),
        Job(
            id="inline",
            image="data:image/png;base64,AAAA",
            prompt="mug",
            seed=42,
            meta={"brand": "x"},
            line=17,
        ),
    ]


def test_sections_and_paths_are_at_hand(loaded: Callable[[str], Manifest], tmp_path: Path) -> None:
    manifest = loaded(FULL)
    assert manifest.path == (tmp_path / "shop.yaml").resolve()
    assert manifest.folder == tmp_path.resolve()
    assert manifest.output_folder == tmp_path.resolve() / "out/demo"
    assert manifest.ledger_path == tmp_path.resolve() / "out/demo/ledger.sqlite"
    assert (manifest.budget.credits_micro, manifest.budget.reserve_micro) == (25_000_000, 1)
    assert manifest.limits.concurrency == "auto"


def test_a_ledger_may_stand_elsewhere(loaded: Callable[[str], Manifest], tmp_path: Path) -> None:
    text = "api: {url: emulator}\noutput: {path: /tmp/out, ledger: db/l.sqlite}\njobs: [{image: a}]"
    manifest = loaded(text)
    assert str(manifest.output_folder) == "/tmp/out"  # noqa: S108 - nothing is written there
    assert manifest.ledger_path == tmp_path.resolve() / "db/l.sqlite"


def test_whole_coordinates_are_whole_numbers_however_written(
    loaded: Callable[[str], Manifest],
) -> None:
    almost = "320.000000000000000000000000000001"  # a float cannot hold what follows the point
    spellings = (f"[[{almost}, 240]]", "[[320.0, 2.4e2]]", "'[[320, 240.0]]'", "[[320, 240]]")
    jobs = "".join(f"  - {{image: {n}.jpg, point_coords: {s}}}\n" for n, s in enumerate(spellings))
    points = {repr(job.point_coords) for job in loaded(HEAD + "jobs:\n" + jobs).jobs()}
    assert points == {"((320, 240),)"}


def test_defaults_may_stand_behind_the_jobs(loaded: Callable[[str], Manifest]) -> None:
    manifest = loaded("jobs: [{id: a}, {id: b, image: b.jpg}]\ndefaults: {image: mug.jpg}\n" + HEAD)
    assert [job.image for job in manifest.jobs()] == ["mug.jpg", "b.jpg"]


def test_a_section_without_keys_is_as_if_absent(loaded: Callable[[str], Manifest]) -> None:
    manifest = loaded(HEAD + "limits:\n  # attempts: 9\ndefaults:\njobs: [{image: a.jpg}]\n")
    assert manifest.limits.attempts == 4


def test_a_quoted_merge_key_is_a_key_like_others(loaded: Callable[[str], Manifest]) -> None:
    (job,) = loaded(HEAD + 'jobs: [{image: a.jpg, meta: {"<<": 1}}]').jobs()
    assert job.meta == {"<<": 1}


def test_json_is_yaml(loaded: Callable[[str], Manifest]) -> None:
    document = {
        "api": {"url": "emulator"},
        "output": {"path": "out"},
        "jobs": [{"id": "a", "image": 'ü😀"\\\t/.jpg', "meta": {"x": [1, 2.5, None, True, "😀"]}}],
    }
    for text in (
        json.dumps(document),
        json.dumps(document, indent="\t"),
        json.dumps(document, ensure_ascii=False, separators=(",", ":")),
    ):
        (job,) = loaded(text).jobs()
        assert job.image == 'ü😀"\\\t/.jpg'
        assert job.meta == {"x": [1, 2.5, None, True, "😀"]}


def test_what_becomes_of_a_text_that_was_validated_changes_nothing(
    loaded: Callable[[str], Manifest],
) -> None:
    manifest = loaded(FULL)
    before = list(manifest.jobs())
    manifest.path.write_text(FULL + "  - {image: new.jpg}\n")
    assert list(manifest.jobs()) == before
    manifest.path.unlink()
    assert list(manifest.jobs()) == before


def test_a_manifest_may_be_read_any_number_of_times(loaded: Callable[[str], Manifest]) -> None:
    manifest = loaded(FULL)
    assert list(manifest.jobs()) == list(manifest.jobs())
    assert manifest == load(manifest.path)
