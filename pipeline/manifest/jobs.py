"""A job's fields: their ranges, and what makes a `Job` of them."""

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from pipeline.manifest.faults import WrongValueError
from pipeline.manifest.geometry import Corners, Points
from pipeline.manifest.sections import Strict, Whole
from pipeline.model import SEED_MAX, SEED_MIN, Job, Json

IMAGE_WANTED: Final = "must be the path of a picture: photos/mug.jpg"

_PATH_MAX: Final = 4096
_PROMPT_MAX: Final = 500
_PRIORITY_MAX: Final = 1_000_000
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_DATA_URI: Final = re.compile(r"data:image/[A-Za-z0-9.+-]+;base64,", re.IGNORECASE)
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LATER: Final = "a URL here is not supported yet: download it, and give the file's path"


def identity(given: object) -> str:
    """Check an id: it names files, so it holds nothing a path could read otherwise."""
    if not isinstance(given, str) or not _ID.fullmatch(given) or given in {".", ".."}:
        raise WrongValueError("must be text of 1 to 128 letters, digits, `.`, `_` and `-`")
    return given


def identity_of(image: str) -> str:
    """Make the id of a job that states none, from its picture's path."""
    if _DATA_URI.match(image):
        raise WrongValueError(
            "is missing: a picture within the manifest has no name to make one of"
        )
    stem = PurePosixPath(image).stem
    try:
        return identity(stem)
    except WrongValueError as error:
        raise WrongValueError(
            f"is missing, and the picture's name makes none: state an `id`, which {error}"
        ) from error


def _path(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise WrongValueError(IMAGE_WANTED)
    if given[:5].lower() == "data:":
        raise WrongValueError("a data URI like this cannot stand here: give the path of a picture")
    if _URL.match(given):
        raise WrongValueError(_LATER)
    if len(given) > _PATH_MAX:
        raise WrongValueError(f"is a path of more than {_PATH_MAX} characters")
    return given


def _image(given: object) -> str:
    if isinstance(given, str) and _DATA_URI.match(given):
        return given
    return _path(given)


def _mask(given: object) -> str:
    if isinstance(given, dict):
        raise WrongValueError("a mask recipe is not supported yet: give the path of a mask")
    return _path(given)


def _prompt(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise WrongValueError(f"must be text of 1 to {_PROMPT_MAX} characters")
    if len(given) > _PROMPT_MAX:
        raise WrongValueError(f"is longer than {_PROMPT_MAX} characters")
    return given


def _seed(given: object) -> int | Literal["auto"]:
    if given == "auto":
        return "auto"
    if isinstance(given, int) and not isinstance(given, bool) and SEED_MIN <= given <= SEED_MAX:
        return given
    raise WrongValueError(f"must be a whole number from {SEED_MIN} to {SEED_MAX}, or `auto`")


def _json(given: object) -> Json:
    match given:
        case Decimal():
            return float(given)
        case list():
            return [_json(item) for item in given]
        case dict():
            return {key: _json(item) for key, item in given.items()}
        case str() | int() | float() | None:
            return given
    raise WrongValueError("must be text, a number, true, false, null, a list or a mapping")


def _meta(given: object) -> dict[str, Json]:
    if not isinstance(given, dict):
        raise WrongValueError('must be a mapping of anything: {sku: "0042"}')
    return {key: _json(item) for key, item in given.items()}


Identity = Annotated[
    str,
    PlainValidator(identity),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$", "examples": ["mug-001"]}),
]
Image = Annotated[
    str,
    PlainValidator(_image),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["photos/mug.jpg"]}),
]
Mask = Annotated[
    str,
    PlainValidator(_mask),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["masks/mug.png"]}),
]
Prompt = Annotated[
    str,
    PlainValidator(_prompt),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": _PROMPT_MAX, "examples": ["mug"]}
    ),
]
Seed = Annotated[
    int | Literal["auto"],
    PlainValidator(_seed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": SEED_MIN, "maximum": SEED_MAX},
                {"const": "auto"},
            ]
        }
    ),
]
# dict[str, Any]: the model's own recursive alias has no end for pydantic, and _meta checks anyway
Meta = Annotated[dict[str, Any], PlainValidator(_meta), WithJsonSchema({"type": "object"})]


class Defaults(Strict):
    """Fields that every job has unless it states its own; null in a job removes one."""

    strangers: ClassVar[dict[str, str]] = {
        "id": "stands in a job, not here: every job has its own",
        "objects": "is not supported yet: write a job for each object",
        "seeds": "is not supported yet: write a job for each seed",
    }

    image: Image | None = None
    """The picture: a path relative to the manifest, or a data URI. Every job has one."""

    prompt: Prompt | None = None
    """What to make a model of, in a word or two."""

    mask: Mask | None = None
    """A picture that marks the object: a path relative to the manifest."""

    point_coords: Points | None = None
    """Points on the object, [[x, y], …] in pixels, or the same as JSON text."""

    bounding_box: Corners | None = None
    """Around the object: [x_min, y_min, x_max, y_max] in pixels, or the same as JSON text."""

    seed: Seed | None = None
    """The seed that is sent; `auto`: one of the job's own, derived from what it buys."""

    include_artifacts: bool | None = Field(None, strict=True)
    """Whether the files made on the way are wanted too."""

    priority: Annotated[Whole, Field(ge=-_PRIORITY_MAX, le=_PRIORITY_MAX)] | None = None
    """Higher goes first."""

    meta: Meta | None = None
    """Anything of your own: carried through to sidecar, rows and report, not read."""


class JobFields(Defaults):
    """One model to be made of one picture."""

    id: Identity | None = None
    """The job's name and its files': unique; the picture's name without its ending by default."""

    def job(self, identity: str, line: int) -> Job:
        """Make the job of this id; `image` must be stated."""
        # not by the model's own iterator: it takes as long as all the rest
        stated = {name: given for name, given in self.__dict__.items() if given is not None}
        return Job(**{**stated, "id": identity, "line": line})
