from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pipeline.inputs.shrinking import shrunk, shrunk_behind, shrunk_mask


def mask(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Image.Image:
    picture = Image.new("L", (width, height))
    for box in boxes:
        picture.paste(255, box)
    return picture


def smaller(picture: Image.Image, by: int) -> NDArray[np.uint8]:
    return np.asarray(shrunk_mask(picture, (picture.width // by, picture.height // by)))


def test_a_mask_stays_hard_and_follows_by_halves() -> None:
    # 41 … 120 of four pixels each: a quarter of the first pixel is not marked, of the last all is
    array = smaller(mask(160, 160, (41, 41, 120, 120)), by=4)
    assert set(np.unique(array)) == {0, 255}
    assert array[20].nonzero()[0].tolist() == list(range(10, 30))
    # 42.5 … : less than a half of pixel 10 does not count, beside a body
    assert smaller(mask(160, 160, (43, 40, 120, 120)), by=4)[20].nonzero()[0][0] == 11


@pytest.mark.parametrize("at", range(40, 44))
def test_a_line_of_one_pixel_in_four_is_not_broken(at: int) -> None:
    array = smaller(mask(160, 160, (at, 0, at + 1, 160)), by=4)
    assert (array[:, 10] == 255).all()
    assert np.count_nonzero(array) == 40


def test_a_slanted_line_stays_in_one_piece() -> None:
    slanted = np.zeros((400, 400), np.uint8)
    for y in range(400):
        slanted[y, 100 + y // 3] = 255
    columns = [row.nonzero()[0] for row in smaller(Image.fromarray(slanted), by=4)]
    assert all(1 <= len(row) <= 2 for row in columns)
    assert all(abs(low[-1] - high[0]) <= 1 for low, high in pairwise(columns))


@given(st.integers(0, 3999), st.integers(0, 99), st.integers(2, 60))
def test_a_mask_of_one_pixel_marks_its_place(x: int, y: int, width: int) -> None:
    small = np.asarray(shrunk_mask(mask(4000, 100, (x, y, x + 1, y + 1)), (width, 2)))
    assert np.argwhere(small).tolist() == [[y * 2 // 100, pytest.approx(x * width / 4000, abs=1)]]


def test_no_hidden_colour_shows_at_an_edge() -> None:
    colour, size = Image.new("RGB", (400, 400), (0, 255, 0)), (100, 100)
    colour.paste((180, 20, 20), (0, 0, 203, 400))  # three quarters of pixel 50 are seen
    alpha = mask(400, 400, (0, 0, 203, 400))
    seen = np.asarray(shrunk_mask(alpha, size)) > 0
    shown = np.asarray(shrunk_behind(alpha, colour, size)).astype(int)
    assert seen[0].sum() == 51
    assert np.abs(shown[seen] - (180, 20, 20)).max() <= 2
    assert (shown[:, 55:] == (0, 255, 0)).all()  # where nothing is seen, the hidden stays
    assert np.asarray(shrunk(colour, size)).astype(int)[:, 50, 1].min() > 60  # the rim otherwise


def test_a_gray_picture_with_alpha_stays_gray() -> None:
    half = mask(40, 40, (0, 0, 20, 40))
    gray = shrunk_behind(half, Image.new("L", (40, 40), 77), (10, 10))
    assert gray.mode == "L"
    assert gray.getextrema() == (77, 77)
