"""How much smaller a picture is sent, and where its points and its box come to lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.model import Box, Job, Point

LEAST_SIDE = 2
"""The fewest pixels of a side, and of a box's: the model crops by it, and fails below."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The upright size of a picture, in pixels, and the size in which it is sent."""

    source: tuple[int, int]
    sent: tuple[int, int]

    @property
    def is_one(self) -> bool:
        """Whether the picture keeps its size."""
        return self.source == self.sent

    @property
    def told(self) -> dict[str, float]:
        """The size that is sent, and what the longer side was multiplied by."""
        width, height = self.sent
        factor = max(self.sent) / max(self.source)
        return {"width": width, "height": height, "scale": round(factor, 6)}

    def job(self, job: Job) -> Job:
        """Give a job with its points and its box in pixels of the picture that is sent.

        They are whole numbers then, as in all of the API's examples; without a change of size they
        stay as they were declared.
        """
        if self.is_one:
            return job
        points, box = job.point_coords, job.bounding_box
        return replace(
            job,
            point_coords=None if points is None else tuple(map(self.point, points)),
            bounding_box=None if box is None else self.box(box),
        )

    def point(self, point: Point) -> Point:
        """Give the pixel that shows what a pixel of the source showed."""
        return self._pixel(point[0], 0), self._pixel(point[1], 1)

    def box(self, box: Box) -> Box:
        """Give the smallest box of whole pixels around the same part of the picture."""
        x_min, y_min, x_max, y_max = box
        left, right = self._span(x_min, x_max, 0)
        top, bottom = self._span(y_min, y_max, 1)
        return left, top, right, bottom

    def _pixel(self, value: float, axis: int) -> int:
        return min(floor(self._scaled(value, axis)), self.sent[axis] - 1)

    def _span(self, low: float, high: float, axis: int) -> tuple[int, int]:
        end = min(ceil(self._scaled(high, axis)), self.sent[axis])
        start = max(min(floor(self._scaled(low, axis)), end - LEAST_SIDE), 0)
        return start, max(end, start + LEAST_SIDE)

    def _scaled(self, value: float, axis: int) -> float:
        """Multiply first: whole numbers that divide evenly come out exact."""
        return value * self.sent[axis] / self.source[axis]


def fit(size: tuple[int, int], max_side: int | None) -> Scale:
    """Choose the size in which a picture is sent: its longer side at most `max_side` pixels.

    None keeps every size. A very long picture keeps two pixels of its short side.
    """
    longer = max(size)
    if max_side is None or longer <= max_side:
        return Scale(size, size)
    width, height = (max(round(side * max_side / longer), LEAST_SIDE) for side in size)
    return Scale(size, (width, height))
