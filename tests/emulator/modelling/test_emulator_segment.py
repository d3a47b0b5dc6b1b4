import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.emulator.modelling.segment import Coverage, Hints, find_object, tidy

SIZE = 96
LEFT, RIGHT = (12, 36, 36, 60), (56, 30, 84, 66)
NOTHING = Hints(None, None, ())


def scene(*, noise: float = 0.0) -> NDArray[np.uint8]:
    """A red and a blue thing before grey, a little noisy where told."""
    picture = Image.new("RGB", (SIZE, SIZE), (120, 120, 120))
    draw = ImageDraw.Draw(picture)
    draw.rectangle(LEFT, (200, 30, 30))
    draw.rectangle(RIGHT, (30, 30, 200))
    grain = np.random.default_rng(1).normal(0, noise, (SIZE, SIZE, 3))
    return np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)


def area(box: tuple[int, int, int, int]) -> Coverage:
    covered = np.zeros((SIZE, SIZE), np.float32)
    covered[box[1] : box[3] + 1, box[0] : box[2] + 1] = 1
    return covered


def agreement(found: Coverage, expected: Coverage) -> float:
    """The share that both cover of what either covers."""
    a, b = found > 0.5, expected > 0.5
    return float((a & b).sum() / max(1, (a | b).sum()))


def test_a_mask_is_taken_as_it_is() -> None:
    mask = area((1, 2, 30, 40))
    hints = Hints(mask, LEFT, ((60, 40),))
    assert (find_object(scene(), area(RIGHT), hints) == mask).all()


@pytest.mark.parametrize(("box", "other"), [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_a_box_chooses_its_object(
    box: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> None:
    wider = (box[0] - 5, box[1] - 5, box[2] + 5, box[3] + 5)
    found = find_object(scene(noise=8), None, Hints(None, wider, ()))
    assert agreement(found, area(box)) > 0.9
    assert agreement(found, area(other)) < 0.05


@pytest.mark.parametrize("box", [LEFT, RIGHT])
def test_a_point_chooses_its_object(box: tuple[int, int, int, int]) -> None:
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    found = tidy(find_object(scene(noise=8), None, Hints(None, None, (middle,))))
    assert agreement(found, area(box)) > 0.85


def test_alpha_comes_before_colours() -> None:
    alpha = area((5, 5, 20, 20))
    assert (find_object(scene(), alpha, NOTHING) == alpha).all()


def test_what_a_plain_background_leaves_is_the_object() -> None:
    found = find_object(scene(), None, NOTHING)
    assert agreement(found, np.maximum(area(LEFT), area(RIGHT))) > 0.98


def test_a_busy_background_is_cut_off_too() -> None:
    picture = scene(noise=8)
    picture[:, : SIZE // 2] //= 2  # two greys at the border: not plain
    found = tidy(find_object(picture, None, NOTHING))
    assert agreement(found, area(RIGHT)) > 0.6


def test_where_nothing_stands_out_the_middle_is_taken() -> None:
    found = find_object(np.full((SIZE, SIZE, 3), 99, np.uint8), None, NOTHING)
    assert found[SIZE // 2, SIZE // 2] == 1
    assert found[0, 0] == found[-1, -1] == 0


def test_the_largest_piece_is_kept_and_its_pinholes_are_filled() -> None:
    coverage = np.maximum(area(LEFT), area(RIGHT))
    coverage[45, 70] = 0
    assert (tidy(coverage) == area(RIGHT)).all()


def test_a_handles_hole_stays() -> None:
    coverage = area(RIGHT)
    coverage[40:50, 65:75] = 0
    assert (tidy(coverage) == coverage).all()
