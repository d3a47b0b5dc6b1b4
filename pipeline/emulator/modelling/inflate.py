"""From an outline to a thickness: a membrane blown up over it."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_ROUNDS = 40
_COARSEST = 8
_FAR = 4.0  # cells from the rim, beyond which the rim does not matter
_SOFTNESS = 0.64  # of a ramp that was blurred by a cell: at its foot it stands at half the root


def inflate(level: Floats) -> Floats:
    """Give the half thickness in cells at the nodes of a grid: positive where the level is.

    Solves -laplace(u) = 1 with u = 0 outside and returns sqrt(2 u). For a strip of half width w
    that is the circle sqrt(w^2 - x^2); a disc of radius r rises to r / sqrt(2), so that handles
    turn out round and bodies a little flat. Near the rim u falls to zero on the outline itself,
    not on the node beside it, where the grid would show as teeth.
    """
    inside = (level > 0).astype(np.float32)
    energy = cv2.GaussianBlur(_membrane(inside), (0, 0), 1.0)
    down, across = np.gradient(level)
    distance = np.clip(level / np.maximum(np.hypot(down, across), 1e-6), 0, _FAR)
    energy *= 2 * distance / (distance + np.sqrt(distance**2 + _SOFTNESS))
    return (np.sqrt(2 * energy) + np.float32(1e-3)) * inside


def _membrane(inside: Floats) -> Floats:
    """Relax from coarse to fine: each level starts from the one below, four times its energy."""
    height, width = inside.shape
    start = np.zeros_like(inside)
    if min(height, width) > _COARSEST:
        half = ((width + 1) // 2, (height + 1) // 2)
        coarse = _membrane(_resized(inside, half, cv2.INTER_AREA))
        start = 4 * _resized(coarse, (width, height), cv2.INTER_LINEAR)
    return _relax(start, inside)


def _resized(field: Floats, size: tuple[int, int], how: int) -> Floats:
    return np.asarray(cv2.resize(field, size, interpolation=how), np.float32)


def _relax(energy: Floats, inside: Floats) -> Floats:
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(_ROUNDS):
        energy = (np.asarray(cv2.filter2D(energy, -1, kernel)) + np.float32(0.25)) * inside
    return energy
