"""The object's picture, as a texture without a trace of the background."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .picture import Pixels
from .segment import Coverage

_SIDE = 1024
_QUALITY = 90
Value = TypeVar("Value", np.uint8, np.float32)


def paint(rgb: Pixels, coverage: Coverage, window: tuple[float, float, float, float]) -> bytes:
    """Cut `window` (left, top, right, bottom as shares of the picture) out, as JPEG.

    At most 1024 pixels a side. The background takes the colour of the nearest object pixel that
    lies a little inside, so that the rim of the model shows no halo.
    """
    height, width = rgb.shape[:2]
    left, right = window[0] * width, window[2] * width
    top, bottom = window[1] * height, window[3] * height
    scale = min(1.0, _SIDE / max(right - left, bottom - top))
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    crop = _crop(rgb, (left, top, right, bottom), size)
    there = coverage.shape[1] / width, coverage.shape[0] / height
    corners = (left * there[0], top * there[1], right * there[0], bottom * there[1])
    reach = max(size[0] / (corners[2] - corners[0]), max(size) / 300)
    filled = _fill(crop, _crop(coverage, corners, size) > 0.5, round(2 * reach))
    bgr = cv2.cvtColor(filled, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done, "OpenCV encodes every 8-bit picture as JPEG"
    return data.tobytes()


def _crop(
    picture: NDArray[Value], corners: tuple[float, float, float, float], size: tuple[int, int]
) -> NDArray[Value]:
    """Resample a window that may reach over the picture's edge, where the edge is repeated."""
    left, top, right, bottom = corners
    x_step, y_step = (right - left) / size[0], (bottom - top) / size[1]
    shrink = max(x_step, y_step)
    if shrink > 1.5:  # below that, bilinear sampling leaves nothing out
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), shrink / 3), picture.dtype)
    matrix = np.array(
        [[x_step, 0, left + x_step / 2 - 0.5], [0, y_step, top + y_step / 2 - 0.5]], np.float64
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    window = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(window, picture.dtype)


def _fill(crop: Pixels, inside: NDArray[np.bool_], reach: int) -> Pixels:
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    core = cv2.erode(inside.astype(np.uint8), kernel, borderValue=0)
    if not core.any():
        core = inside.astype(np.uint8)
    if not core.any():
        return crop
    _, labels = cv2.distanceTransformWithLabels(
        1 - core, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[core == 1]] = crop[core == 1]
    return np.asarray(colours[labels])
