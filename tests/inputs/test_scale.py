import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inputs.scale import LEAST_SIDE, Scale, fit
from pipeline.model import Box, Job, Point


@pytest.mark.parametrize(
    ("size", "max_side", "sent"),
    [
        ((4000, 3000), 2048, (2048, 1536)),  # 3000 · 2048 / 4000 = 1536
        ((3000, 4000), 2048, (1536, 2048)),
        ((4032, 3024), 2048, (2048, 1536)),
        ((3001, 2000), 2048, (2048, 1365)),  # 1364.9
        ((2048, 100), 2048, (2048, 100)),
        ((2049, 2049), 2048, (2048, 2048)),
        ((8000, 10), 2048, (2048, 3)),  # 2.56
        ((60_000, 3), 512, (512, 2)),  # 0.03: a side of no pixels is no picture
        ((2, 600), 512, (2, 512)),
        ((9000, 9000), None, (9000, 9000)),
    ],
)
def test_the_longer_side_gets_the_most_and_the_other_follows(
    size: tuple[int, int], max_side: int | None, sent: tuple[int, int]
) -> None:
    assert fit(size, max_side) == Scale(size, sent)


HALF = Scale((4000, 3000), (2000, 1500))
THIRDS = Scale((3000, 300), (1000, 100))


@pytest.mark.parametrize(
    ("scale", "point", "follows"),
    [
        (HALF, (320, 240), (160, 120)),
        (HALF, (321, 241), (160, 120)),  # pixels 320 and 321 are pixel 160
        (HALF, (3999, 2999), (1999, 1499)),
        (HALF, (3999.9, 2999.9), (1999, 1499)),
        (HALF, (0, 0), (0, 0)),
        (THIRDS, (299, 30.5), (99, 10)),  # 99.7, 10.2
    ],
)
def test_a_point_lies_in_the_pixel_that_shows_it(
    scale: Scale, point: Point, follows: Point
) -> None:
    assert scale.point(point) == follows


@pytest.mark.parametrize(
    ("scale", "box", "follows"),
    [
        (HALF, (50, 75, 350, 401), (25, 37, 175, 201)),  # 37.5 outwards, 200.5 outwards
        (HALF, (0, 0, 4000, 3000), (0, 0, 2000, 1500)),
        (THIRDS, (30, 30, 33, 33), (9, 9, 11, 11)),  # one pixel, 10 to 11, is too small a box
        (THIRDS, (0, 0, 1, 1), (0, 0, 2, 2)),
        (THIRDS, (2999, 299, 3000, 300), (998, 98, 1000, 100)),
    ],
)
def test_a_box_keeps_all_that_it_holds_and_two_pixels(scale: Scale, box: Box, follows: Box) -> None:
    assert scale.box(box) == follows


def test_without_a_change_of_size_a_job_stays_as_it_is_declared() -> None:
    job = Job("a", "a.jpg", point_coords=((1.25, 3),), bounding_box=(0.5, 0, 9.75, 9))
    assert fit((2048, 1000), 2048).job(job) is job
    assert HALF.job(job).point_coords == ((0, 1),)
    assert HALF.job(Job("a", "a.jpg")) == Job("a", "a.jpg")


def test_the_size_is_told_with_its_factor() -> None:
    told = fit((4000, 3000), 2048).told
    assert told == {"width": 2048, "height": 1536, "scale": 0.512}


sides = st.integers(LEAST_SIDE, 20_000)
scales = st.builds(fit, st.tuples(sides, sides), st.integers(512, 16_384))
parts = st.floats(0, 1)


@given(scales)
def test_a_picture_never_grows_nor_loses_a_side(scale: Scale) -> None:
    assert all(2 <= fewer <= many for fewer, many in zip(scale.sent, scale.source, strict=True))


@given(scales, st.tuples(parts, parts))
def test_a_point_of_the_picture_stays_in_it(scale: Scale, part: tuple[float, float]) -> None:
    width, height = scale.source
    x, y = scale.point((part[0] * (width - 1e-9), part[1] * (height - 1e-9)))
    assert 0 <= x < scale.sent[0]
    assert 0 <= y < scale.sent[1]
    assert isinstance(x, int)
    assert isinstance(y, int)


@given(scales, st.tuples(parts, parts), st.tuples(parts, parts))
def test_a_box_stays_inside_and_in_order_and_holds_what_it_held(
    scale: Scale, one: tuple[float, float], other: tuple[float, float]
) -> None:
    (left, right), (top, bottom) = (
        sorted(part * side for part in (one[axis], other[axis]))
        for axis, side in enumerate(scale.source)
    )
    x_min, y_min, x_max, y_max = scale.box((left, top, right, bottom))
    assert 0 <= x_min <= x_max - 2
    assert 0 <= y_min <= y_max - 2
    assert x_max <= scale.sent[0]
    assert y_max <= scale.sent[1]
    assert x_min <= left * scale.sent[0] / scale.source[0]
    assert x_max + 1e-6 >= right * scale.sent[0] / scale.source[0]
