from pathlib import Path

import pytest
from PIL import Image

from bench.field import FIELD
from bench.figures import figures
from bench.models import model
from bench.photos import photos
from bench.rounds import play
from bench.telling import table
from bench.workloads import START, Workload
from pipeline.formats import verify

SHORT = [
    Workload("short", "a few jobs", 4, 2, 1000, 20_000, 0.01),
    Workload("polled", "a few jobs", 2, 2, 1000, 20_000, 0.01, "v2"),
]


def test_all_contenders_do_the_same_jobs_and_are_weighed(tmp_path: Path) -> None:
    runs = play([START, *SHORT], FIELD, 1, tmp_path, lambda _: None, rest=0)
    assert len(runs) == 3 * len(FIELD)
    assert all(run.weight.cpu > 0 and run.weight.peak > 10**7 for run in runs)
    text = "\n".join(table(figures(runs, SHORT), SHORT))
    assert all(each.title in text for each in FIELD)


def test_photos_are_pictures_of_the_size_asked_for_and_no_two_are_equal(tmp_path: Path) -> None:
    first, second = photos(tmp_path, 2, 100_000)
    assert first.stat().st_size == pytest.approx(100_000, rel=0.03)
    assert first.read_bytes() != second.read_bytes()
    with Image.open(first) as image:
        image.load()


@pytest.mark.parametrize("size", [20_000, 3_000_000])
def test_a_model_is_whole_and_of_the_size_asked_for(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(model(size))
    assert verify(path).triangles
    assert path.stat().st_size == pytest.approx(size, rel=0.05)
