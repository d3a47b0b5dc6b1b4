"""A mapping of the text against the model it should be: the value, or faults at their places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError

from pipeline.manifest.faults import WrongValueError, suggestion
from pipeline.manifest.nodes import at, fields
from pipeline.manifest.sections import Api, Strict
from pipeline.manifest.wording import expected, wording

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from pydantic_core import ErrorDetails

    from pipeline.manifest.faults import Faults, Path
    from pipeline.manifest.nodes import Mapping
    from pipeline.manifest.wording import Schema

Model = TypeVar("Model", bound=Strict)


@dataclass(frozen=True, slots=True)
class Checked(Generic[Model]):
    """What became of a mapping: the model if all is well, its values, the keys at fault."""

    model: Model | None
    values: dict[str, Any]
    bad: AbstractSet[str]


def check(
    model: type[Model], node: Mapping, defaults: dict[str, Any], path: Path, faults: Faults
) -> Checked[Model]:
    """Validate the mapping at `path`, laid over defaults that are known to be right."""
    stated, broken = fields(node)
    values = {**defaults, **stated}
    try:
        return Checked(model.model_validate(values), values, broken)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    bad = set(broken)
    for details in wrong:
        name = str(details["loc"][0])
        # a default that could not be made follows from a fault that is told itself
        if details["type"] != "default_factory_not_called" and name not in broken:
            bad.add(name)
            _tell(model, node, name, details, path, faults)
    return Checked(None, values, bad)


def _tell(
    model: type[Strict],
    node: Mapping,
    name: str,
    details: ErrorDetails,
    path: Path,
    faults: Faults,
) -> None:
    known = _properties(model)
    match details["type"]:
        case "extra_forbidden":
            message = model.strangers.get(name) or f"is no key here{suggestion(name, known)}"
            faults.add(node.entries[name].place, (*path, name), message)
        case "missing":
            faults.add(node.place, (*path, name), f"is missing: it must be {expected(known[name])}")
        case _:
            reason = details.get("ctx", {}).get("error")
            where: Path = (name, *reason.at) if isinstance(reason, WrongValueError) else (name,)
            given = at(node, where)
            message = wording(
                known[name], given, str(reason) if reason else None, secret=model is Api
            )
            faults.add(given.place, (*path, *where), message)


@cache
def _properties(model: type[Strict]) -> dict[str, Schema]:
    properties: dict[str, Schema] = model.model_json_schema()["properties"]
    return properties
