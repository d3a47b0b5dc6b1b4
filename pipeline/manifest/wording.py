"""What a user reads about a wrong value: what its JSON Schema takes, and what stands there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pipeline.manifest.nodes import Mapping, Scalar, Sequence, shown

if TYPE_CHECKING:
    from pipeline.manifest.nodes import Node

Schema: TypeAlias = dict[str, Any]

_COLLECTIONS: Final = ("object", "array", ["array", "string"])
_KINDS: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "string": "text that is not empty",
}


def wording(schema: Schema, given: Node, reason: str | None, *, secret: bool) -> str:
    """Say what is wrong: by `reason`, or by the schema; text that is `secret` is not shown."""
    schema = _without_null(schema)
    kind = schema.get("type")
    message = reason or f"must be {expected(schema)}"
    match given:
        case Scalar(int() | Decimal()) if kind == "string":
            return f'must be text: write "{given.text}", in quotes'
        case Scalar(str()) if secret:
            return message
        case Sequence() | Mapping() if kind in _COLLECTIONS:
            return message
    return f"{message}, not {shown(given)}" if message.startswith("must ") else message


def expected(schema: Schema) -> str:
    """Name what a schema takes: `a whole number from 1 to 100`."""
    schema = _without_null(schema)
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    words = _KINDS[schema["type"]]
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        return f"{words} from {low} to {high}"
    above = schema.get("exclusiveMinimum")
    return words if above is None else f"{words} above {above} and up to {high}"


def _without_null(schema: Schema) -> Schema:
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else schema
