"""Points and boxes of a job, in pixels, as lists or as the same in JSON text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import PlainValidator, WithJsonSchema

from pipeline.manifest.faults import WrongValueError
from pipeline.manifest.scalars import resolve
from pipeline.model import Box, Point

_POINTS_MAX: Final = 32
_PIXELS_MAX: Final = 1_000_000
_SIDE_MIN: Final = 2
_POINTS: Final = f"must be 1 to {_POINTS_MAX} points in pixels, [[x, y], …]"
_BOX: Final = "must be four numbers of pixels, [x_min, y_min, x_max, y_max]"


def _points(given: object) -> tuple[Point, ...]:
    points = _listed(given, _POINTS)
    if not 1 <= len(points) <= _POINTS_MAX:
        raise WrongValueError(f"{_POINTS}; here are {len(points)}")
    return tuple(_point(point, index) for index, point in enumerate(points))


def _point(given: object, index: int) -> Point:
    match given:
        case [x, y]:
            return _pixels(x, index, 0), _pixels(y, index, 1)
    raise WrongValueError("must be a point in pixels, [x, y]", index)


def _box(given: object) -> Box:
    match _listed(given, _BOX):
        case [left, top, right, bottom]:
            box = _pixels(left, 0), _pixels(top, 1), _pixels(right, 2), _pixels(bottom, 3)
        case _:
            raise WrongValueError(_BOX)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise WrongValueError(f"{_BOX}, with x_min < x_max and y_min < y_max")
    if box[2] - box[0] < _SIDE_MIN or box[3] - box[1] < _SIDE_MIN:
        raise WrongValueError(f"{_BOX}, and each side at least {_SIDE_MIN} pixels")
    return box


def _listed(given: object, wanted: str) -> list[Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given, parse_float=resolve)
        except (ValueError, RecursionError) as error:
            raise WrongValueError(f"{wanted}, or the same as JSON text") from error
    if not isinstance(given, list):
        raise WrongValueError(f"{wanted}, or the same as JSON text")
    return given


def _pixels(given: Any, *at: int) -> float:
    bare = isinstance(given, int | Decimal) and not isinstance(given, bool)
    if not bare or not 0 <= given <= _PIXELS_MAX:
        raise WrongValueError(f"must be a number of pixels from 0 to {_PIXELS_MAX}", *at)
    number = float(given)
    return int(number) if number.is_integer() else number


_PIXELS: Final = {"type": "number", "minimum": 0, "maximum": _PIXELS_MAX}
Points = Annotated[
    tuple[Point, ...],
    PlainValidator(_points),
    WithJsonSchema(
        {
            "type": ["array", "string"],
            "items": {"type": "array", "items": _PIXELS, "minItems": 2, "maxItems": 2},
            "minItems": 1,
            "maxItems": _POINTS_MAX,
            "examples": [[[320, 240]]],
        }
    ),
]
Corners = Annotated[
    Box,
    PlainValidator(_box),
    WithJsonSchema(
        {
            "type": ["array", "string"],
            "items": _PIXELS,
            "minItems": 4,
            "maxItems": 4,
            "examples": [[50, 75, 350, 400]],
        }
    ),
]
