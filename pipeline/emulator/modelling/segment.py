"""Which pixels are the object: by mask, box, points, alpha, plain background, or a guess.

The result is a coverage: (height, width) float32 from 0 (background) to 1 (object).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .picture import Pixels

Coverage = NDArray[np.float32]
Box = tuple[float, float, float, float]
_CUT_SIDE = 256  # GrabCut's cost grows with the pixels: beyond this it buys no better outline
_CUT_ROUNDS = 4
_BY_SEEDS = cv2.GC_INIT_WITH_MASK
_RNG_SEED = 1
_FRAME = 0.02  # the share of the picture that counts as its border
_PLAIN = 0.92  # the share of border pixels that must agree for the background to be plain
_TOLERANCE = 14.0  # CIELAB distance within which a pixel agrees
_MIDDLE = 0.95  # the share of either side that the middle of a picture spans
_PINHOLE = 0.002  # the share of an object below which a hole in it is an error
_LEAST, _MOST = 0.005, 0.97  # shares of the picture that an object may fill


@dataclass(frozen=True, slots=True)
class Hints:
    """What the caller says of the object, in pixels of the picture at hand."""

    mask: Coverage | None
    box: Box | None
    points: tuple[tuple[float, float], ...]


def find_object(rgb: Pixels, alpha: Coverage | None, hints: Hints) -> Coverage:
    """Find the object; all zeros where the hints leave nothing."""
    if hints.mask is not None:
        return hints.mask
    if hints.box is not None:
        return _cut(rgb, _seeds_in_box(rgb.shape[:2], hints.box)) * _opaque(alpha)
    if hints.points:
        return _cut(rgb, _seeds_at_points(rgb.shape[:2], hints.points)) * _opaque(alpha)
    if alpha is not None:
        return alpha
    for coverage in (_on_plain_background(rgb), _cut(rgb, _centred_seeds(rgb.shape[:2]))):
        if _LEAST < coverage.mean() < _MOST:
            return coverage
    return _ellipse(rgb.shape[:2])


def _opaque(alpha: Coverage | None) -> Coverage | float:
    return 1.0 if alpha is None else alpha


def _on_plain_background(rgb: Pixels) -> Coverage:
    """Flood the border's colour inwards: what it does not reach is the object."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    edge = max(1, round(min(rgb.shape[:2]) * _FRAME))
    frame = np.ones(rgb.shape[:2], np.bool_)
    frame[edge:-edge, edge:-edge] = False
    distance = np.linalg.norm(lab - np.median(lab[frame], axis=0), axis=2)
    near = distance < _TOLERANCE
    if near[frame].mean() < _PLAIN:
        return np.zeros(rgb.shape[:2], np.float32)
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    reached = near & np.isin(labels, np.unique(labels[frame & near]))
    return np.asarray(~reached, np.float32)


def _seeds_in_box(shape: tuple[int, ...], box: Box) -> NDArray[np.uint8]:
    height, width = shape
    left, right = (round(min(max(x, 0), width)) for x in box[0::2])
    top, bottom = (round(min(max(y, 0), height)) for y in box[1::2])
    seeds = np.full(shape, cv2.GC_BGD, np.uint8)
    seeds[top:bottom, left:right] = cv2.GC_PR_FGD
    return seeds


def _seeds_at_points(
    shape: tuple[int, ...], points: tuple[tuple[float, float], ...]
) -> NDArray[np.uint8]:
    """Sure within a small disc around each point, likely within a wide one."""
    seeds = np.full(shape, cv2.GC_PR_BGD, np.uint8)
    side = max(shape)
    for radius, kind in ((side * 0.25, cv2.GC_PR_FGD), (max(1.0, side * 0.02), cv2.GC_FGD)):
        for x, y in points:
            if 0 <= x < shape[1] and 0 <= y < shape[0]:
                cv2.circle(seeds, (int(x), int(y)), round(radius), kind, cv2.FILLED)
    return seeds


def _centred_seeds(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Surely not at the border, likely in the middle."""
    height, width = shape
    seeds = np.full(shape, cv2.GC_BGD, np.uint8)
    y, x = max(1, height // 32), max(1, width // 32)
    seeds[y:-y, x:-x] = cv2.GC_PR_BGD
    seeds[_ellipse(shape) > 0] = cv2.GC_PR_FGD
    return seeds


def _cut(rgb: Pixels, seeds: NDArray[np.uint8]) -> Coverage:
    """Let GrabCut part object from background, on a reduced picture.

    It draws from a generator of OpenCV's that each thread has for itself: seeding it here makes
    the outcome a matter of the picture alone.
    """
    height, width = seeds.shape
    scale = min(1.0, _CUT_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    small = cv2.bilateralFilter(small, 9, 40, 7)  # texture would be torn in two
    labels = cv2.resize(seeds, size, interpolation=cv2.INTER_NEAREST)
    likely = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if not likely.any() or likely.all():
        return np.full((height, width), float(likely.any()), np.float32)
    cv2.setRNGSeed(_RNG_SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cut, _, _ = cv2.grabCut(small, labels, (0, 0, 1, 1), *models, _CUT_ROUNDS, _BY_SEEDS)
    found = ((cut == cv2.GC_FGD) | (cut == cv2.GC_PR_FGD)).astype(np.float32)
    if not found.any():
        found = likely.astype(np.float32)
    return np.asarray(cv2.resize(found, (width, height)), np.float32)


def _ellipse(shape: tuple[int, ...]) -> Coverage:
    """Take the middle of the picture."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width] + 0.5
    distance = (2 * x / width - 1) ** 2 + (2 * y / height - 1) ** 2
    return np.asarray(distance < _MIDDLE**2, np.float32)


def tidy(coverage: Coverage) -> Coverage:
    """Keep the largest piece and fill its pinholes; all zeros where there is no piece."""
    largest = _largest(coverage > 0.5)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~largest).astype(np.uint8))
    least = _PINHOLE * largest.sum()
    filled = np.isin(labels, [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] < least])
    return np.where(filled, np.float32(1), np.where(_grown(largest), coverage, np.float32(0)))


def _largest(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    if count == 1:
        return inside
    return np.asarray(labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def _grown(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One pixel wider, so that the soft rim of the piece stays."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(inside.astype(np.uint8), kernel).astype(np.bool_)
