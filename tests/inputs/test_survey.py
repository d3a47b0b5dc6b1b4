import hashlib
from pathlib import Path

import pytest
from pictures import HEIGHT, WIDTH, quarters, saved, turned

from pipeline.errors import InputError
from pipeline.inputs import Survey, survey
from pipeline.model import Box, Job, Point

PICTURE = saved(quarters(), "JPEG")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(PICTURE)
    return tmp_path


def test_a_survey_tells_hash_and_size(folder: Path) -> None:
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    assert survey(Job("a", "a.jpg"), folder) == Survey(sha256, None, WIDTH, HEIGHT)


@pytest.mark.parametrize("point", [(0, 0), (23, 15), (23.9, 15.9)])
def test_a_point_inside_is_taken(folder: Path, point: Point) -> None:
    survey(Job("a", "a.jpg", point_coords=((1, 1), point)), folder)


@pytest.mark.parametrize("point", [(24, 0), (0, 16), (15, 23), (1e6, 1e6)])
def test_a_point_outside_is_refused(folder: Path, point: Point) -> None:
    with pytest.raises(InputError, match="outside the image of 24 × 16 pixels") as raised:
        survey(Job("a", "a.jpg", point_coords=((1, 1), point)), folder)
    assert raised.value.kind == "point_outside"


def test_a_box_may_reach_the_edge(folder: Path) -> None:
    survey(Job("a", "a.jpg", bounding_box=(0, 0, 24, 16)), folder)


@pytest.mark.parametrize("box", [(0, 0, 25, 16), (0, 0, 24, 16.5), (0, 0, 16, 24)])
def test_a_box_that_reaches_outside_is_refused(folder: Path, box: Box) -> None:
    with pytest.raises(InputError, match="reaches outside the image of 24 × 16") as raised:
        survey(Job("a", "a.jpg", bounding_box=box), folder)
    assert raised.value.kind == "box_outside"


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_points_are_of_the_upright_picture(tmp_path: Path, form: str) -> None:
    (tmp_path / "a").write_bytes(saved(quarters(), form, exif=turned(6)))
    survey(Job("a", "a", point_coords=((15, 23),)), tmp_path)
    with pytest.raises(InputError):
        survey(Job("a", "a", point_coords=((23, 15),)), tmp_path)
