"""The body of a submit: its fields, as the provider documents them, and its pictures decoded."""

import json
from dataclasses import dataclass
from typing import Any

import pybase64

from .refusal import RefusalError

MAX_TEXT = 10_000
MAX_SEED = 1_000_000
MAX_COORDINATE = 1_000_000  # pixels; NaN and the infinities fail the comparison too
MIN_BOX = 2.0  # pixels a side: the model's own limit
_PARAMETERS = ("prompt", "point_coords", "bounding_box", "seed", "include_artifacts")
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was asked besides the pictures; points and box in pixels, x to the right, y down."""

    prompt: str | None
    points: tuple[Point, ...]
    box: Box | None
    seed: int
    include_artifacts: bool

    def text(self) -> str:
        """Give all fields as they are named on the wire, as JSON."""
        fields = {
            "prompt": self.prompt,
            "point_coords": json.dumps(self.points) if self.points else None,
            "bounding_box": json.dumps(self.box) if self.box else None,
            "seed": self.seed,
            "include_artifacts": self.include_artifacts,
        }
        return json.dumps(fields)

    @classmethod
    def from_text(cls, text: str) -> "Parameters":
        """Read what `text` or `Submit.sent` gave."""
        return _parameters(json.loads(text))


@dataclass(frozen=True, slots=True)
class Submit:
    """A body that is well formed: the pictures are URLs or base64 as yet.

    `sent` is the JSON of the parameters as they came, without those that did not.
    """

    image: str
    mask: str | None
    parameters: Parameters
    sent: str


def parse(body: bytes) -> Submit:
    """Read a body; raises RefusalError 400 where it is malformed, 406 where a value is refused.

    Unknown fields are passed over; null is as good as absent.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusalError(400, "The request body is not valid JSON") from None
    if not isinstance(fields, dict):
        raise RefusalError(400, "The request body must be a JSON object")
    image, mask = fields.get("image"), fields.get("mask")
    if not isinstance(image, str) or not image:
        raise RefusalError(400, "Missing required field: image")
    if mask is not None and not isinstance(mask, str):
        raise RefusalError(400, "mask must be a string: a URL or base64")
    sent = {name: fields[name] for name in _PARAMETERS if name in fields}
    return Submit(image, mask, _parameters(fields), json.dumps(sent))


def decode(name: str, text: str) -> bytes:
    """Decode a picture's base64 or data URI; raises RefusalError 400."""
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise RefusalError(400, f"{name}: the data URI is not base64")
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, and text that is not ASCII
        raise RefusalError(400, f"{name} is neither a URL nor valid base64") from None


def _parameters(fields: dict[str, Any]) -> Parameters:
    prompt = _text(fields, "prompt")
    seed = 123 if fields.get("seed") is None else fields["seed"]
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise RefusalError(406, f"seed must be an integer from 0 to {MAX_SEED}")
    artifacts = fields.get("include_artifacts") or False
    if type(artifacts) is not bool:
        raise RefusalError(406, "include_artifacts must be a boolean")
    return Parameters(prompt, _points(fields), _box(fields), seed, artifacts)


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not (isinstance(value, str) and len(value) <= MAX_TEXT):
        raise RefusalError(406, f"{name} must be a string of at most {MAX_TEXT} characters")
    return value


def _points(fields: dict[str, Any]) -> tuple[Point, ...]:
    value = _json(fields, "point_coords")
    if value is None:
        return ()
    pairs = [_numbers(pair, 2) for pair in value] if isinstance(value, list) else []
    points = tuple((pair[0], pair[1]) for pair in pairs if pair)
    if not points or len(points) != len(pairs):
        raise RefusalError(406, "point_coords must be text like [[x1,y1]] or [[x1,y1],[x2,y2]]")
    return points


def _box(fields: dict[str, Any]) -> Box | None:
    value = _json(fields, "bounding_box")
    if value is None:
        return None
    match _numbers(value, 4):
        case (left, top, right, bottom) if right - left >= MIN_BOX and bottom - top >= MIN_BOX:
            return left, top, right, bottom
        case _:
            raise RefusalError(
                406,
                "bounding_box must be text like [x_min, y_min, x_max, y_max],"
                f" at least {MIN_BOX:g} pixels wide and high",
            )


def _json(fields: dict[str, Any], name: str) -> Any:
    text = _text(fields, name)
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        raise RefusalError(406, f"{name} is not valid JSON text") from None


def _numbers(value: Any, count: int) -> list[float] | None:
    if not isinstance(value, list) or len(value) != count:
        return None
    kinds = all(type(number) in (int, float) for number in value)
    return value if kinds and all(abs(number) <= MAX_COORDINATE for number in value) else None
