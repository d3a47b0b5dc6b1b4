"""The whole way: encoded picture in, model out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from . import glb, mesh
from .grid import Grid, sample
from .inflate import inflate
from .mesh import Floats
from .picture import Picture, Pixels, load, load_mask
from .segment import Box, Coverage, Hints, find_object, tidy
from .texture import paint

_PICTURE_SIDE = 2048
_OUTLINE_SIDE = 512
_BACK_SHADE = 0.5
_BACK_DEPTH = 0.8
_UNEVEN = 0.06


class NothingToModelError(Exception):
    """The picture and its hints leave no object; the text says why."""


def sculpt(
    image: bytes,
    mask: bytes | None,
    *,
    points: tuple[tuple[float, float], ...],
    box: Box | None,
    seed: int,
) -> glb.Model:
    """Model the object: y up, facing +z, centred, its longest side 1.

    The same arguments give the same model, another seed a slightly other depth. Both pictures must
    have passed `picture.check`. Raises NothingToModelError.
    """
    picture = load(image, _PICTURE_SIDE)
    rgb = np.ascontiguousarray(picture.pixels[..., :3])
    factor = min(1.0, _OUTLINE_SIDE / max(rgb.shape[:2]))
    size = max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    alpha = None if picture.opaque else _shrunk(picture.pixels[..., 3] > 0, size)
    covered = None if mask is None else _shrunk(_fitting(load_mask(mask), picture), size)
    scale = size[0] / picture.width
    hints = Hints(covered, _scaled(box, scale), tuple((x * scale, y * scale) for x, y in points))
    coverage = tidy(find_object(small, alpha, hints))
    grid = sample(coverage)
    if grid is None:
        raise NothingToModelError("No object was found in the image")
    return _model(rgb, coverage, grid, seed)


def _fitting(mask: NDArray[np.bool_], picture: Picture) -> NDArray[np.bool_]:
    if mask.shape != (picture.height, picture.width):
        raise NothingToModelError("The mask must have the same size as the image")
    return mask


def _shrunk(inside: NDArray[np.bool_], size: tuple[int, int]) -> Coverage:
    covered = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(covered, np.float32)


def _scaled(box: Box | None, scale: float) -> Box | None:
    if box is None:
        return None
    left, top, right, bottom = box
    return left * scale, top * scale, right * scale, bottom * scale


def _model(rgb: Pixels, coverage: Coverage, grid: Grid, seed: int) -> glb.Model:
    front, back = _depths(grid, seed)
    surface = mesh.build(grid, front, back)
    low, high = surface.places.min(0), surface.places.max(0)
    span = float((high - low).max())
    flat = (surface.places - (low + high) / 2) / span
    depth = surface.heights * grid.cell / span
    positions = np.stack([flat[:, 0], -flat[:, 1], depth], axis=1).astype(np.float32)
    shares = np.array([coverage.shape[1], coverage.shape[0]], np.float32)
    window = (*(low / shares).tolist(), *(high / shares).tolist())
    return glb.Model(
        positions,
        mesh.normals(positions, surface.triangles),
        ((surface.places - low) / (high - low)).astype(np.float32),
        _shades(surface.heights),
        surface.triangles,
        paint(rgb, coverage, window),
    )


def _depths(grid: Grid, seed: int) -> tuple[Floats, Floats]:
    """Give the thickness to the front and to the back, a little uneven as the seed will have it."""
    chance = np.random.default_rng(seed)
    thickness = inflate(grid.level)
    size = (grid.level.shape[1], grid.level.shape[0])
    sides = []
    for usual in (1.0, _BACK_DEPTH):
        waves = chance.uniform(-_UNEVEN, _UNEVEN, (4, 4)).astype(np.float32)
        wave = cv2.resize(waves, size, interpolation=cv2.INTER_CUBIC)
        sides.append(thickness * np.float32(usual) * (1 + wave))
    return sides[0], sides[1]


def _shades(heights: Floats) -> NDArray[np.uint8]:
    """White in front, darker the further back: the unseen side is the photograph again."""
    far = np.clip(-heights / max(1e-6, float(-heights.min())), 0, 1)
    grey = (255 * (1 - (1 - _BACK_SHADE) * np.sqrt(far))).astype(np.uint8)
    return np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=1)
