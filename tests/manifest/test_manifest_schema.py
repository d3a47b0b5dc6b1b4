from __future__ import annotations

import json
import operator
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pipeline.manifest import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.manifest import Manifest

EXAMPLE = """\
version: 1
api:
  url: https://api.segmind.com/v1/sam-3d-objects
  key_env: SEGMIND_API_KEY
  history_url: https://api.spotprod.segmind.com/inference-request/request-history
  credits_url: https://api.segmind.com/v1/get-user-credits
  timeout: 180
limits: {concurrency: auto, max_concurrency: 64, requests_per_minute: null, attempts: 4}
budget: {credits: 25.0, reserve: null, price: 0.065}
reconcile: {settle: 900}
output: {path: out/demo, name: "{id}", ledger: out/demo/ledger.sqlite}
defaults: {seed: 42}
jobs:
  - id: mug-001
    image: photos/mug.jpg
    prompt: mug
    mask: masks/mug.png
    point_coords: [[320, 240]]
    bounding_box: [50, 75, 350, 400]
    seed: auto
    include_artifacts: false
    priority: 0
    meta: {sku: "0042", size_cm: 12}
"""
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
}
REMARKS = {"$defs", "$schema", "title", "description", "default", "examples"}
SCHEMA = schema()
# keyword: the kind it speaks of, and what it asks (JSON Schema 2020-12, Validation)
KEYWORDS: dict[str, tuple[Any, Callable[[Any, Any], bool]]] = {
    "$ref": (object, lambda name, it: accepts(SCHEMA["$defs"][name.rpartition("/")[2]], it)),
    "type": (object, lambda names, it: any(is_a(name, it) for name in names)),
    "anyOf": (object, lambda rules, it: any(accepts(rule, it) for rule in rules)),
    "const": (object, operator.eq),
    "properties": (dict, lambda rules, it: all(accepts(rules[k], it[k]) for k in it if k in rules)),
    "required": (dict, lambda names, it: set(names) <= set(it)),
    "items": (list, lambda rule, it: all(accepts(rule, item) for item in it)),
    "minItems": (list, lambda number, it: len(it) >= number),
    "maxItems": (list, lambda number, it: len(it) <= number),
    "minLength": (str, lambda number, it: len(it) >= number),
    "maxLength": (str, lambda number, it: len(it) <= number),
    "pattern": (str, lambda pattern, it: re.search(pattern, it) is not None),
    "minimum": (int | float, operator.le),
    "maximum": (int | float, operator.ge),
    "exclusiveMinimum": (int | float, operator.lt),
}


def is_a(name: str, given: object) -> bool:
    return isinstance(given, TYPES[name]) and (name == "boolean" or not isinstance(given, bool))


def accepts(rule: dict[str, Any], given: Any) -> bool:
    closed = rule.get("additionalProperties") is False and isinstance(given, dict)
    if closed and not set(given) <= set(rule["properties"]):
        return False
    for key in rule.keys() - REMARKS - {"additionalProperties"}:
        kind, holds = KEYWORDS[key]
        wanted = [rule[key]] if key == "type" and isinstance(rule[key], str) else rule[key]
        if isinstance(given, kind) and not holds(wanted, given):
            return False
    return True


def changed(path: str, given: object) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(EXAMPLE)
    *way, last = path.split(".")
    inner: Any = document
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = given
    return document


def test_the_schema_is_json_and_describes_every_key() -> None:
    document = json.loads(json.dumps(schema()))
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for model in document["$defs"].values():
        assert all(key["description"] for key in model["properties"].values())
    assert document["$defs"]["Budget"]["properties"]["price"]["default"] == 0.065


def test_the_schema_and_load_accept_a_whole_manifest(loaded: Callable[[str], Manifest]) -> None:
    assert accepts(SCHEMA, yaml.safe_load(EXAMPLE))
    assert loaded(EXAMPLE).count == 1


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("limits.concurrency", 8),
        ("limits.requests_per_minute", 0.5),
        ("budget.credits", "unlimited"),
        ("budget.credits", 0),
        ("budget.reserve", 1.5),
        ("output.name", "{id}/{id}"),
        ("api", {"url": "emulator"}),
        ("defaults", None),
        ("jobs.0.seed", None),
        ("jobs.0.point_coords", "[[1, 2]]"),
        ("jobs.0.bounding_box", "[1, 2, 3, 4]"),
    ],
)
def test_the_schema_and_load_accept_alike(
    path: str, given: object, loaded: Callable[[str], Manifest]
) -> None:
    document = changed(path, given)
    assert accepts(SCHEMA, document)
    assert loaded(json.dumps(document)).count == 1


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("version", 2),
        ("limit", {}),
        ("api.key", "x"),
        ("api.key_env", "my key"),
        ("api.timeout", 0),
        ("api.timeout", 86_401),
        ("limits.concurrency", 0),
        ("limits.attempts", True),
        ("limits.requests_per_minute", 0),
        ("budget.credits", -1),
        ("budget.price", 0),
        ("output", {}),
        ("output.path", ""),
        ("output.name", "model"),
        ("defaults.id", "a"),
        ("jobs", []),
        ("jobs.0.id", "a/b"),
        ("jobs.0.prompt", 42),
        ("jobs.0.seed", 1_000_001),
        ("jobs.0.priority", "high"),
        ("jobs.0.include_artifacts", "yes"),
        ("jobs.0.point_coords", [[1, 2, 3]]),
        ("jobs.0.bounding_box", [1, 2, 3]),
        ("jobs.0.meta", [1]),
        ("jobs.0.sede", 1),
    ],
)
def test_the_schema_and_load_refuse_alike(
    path: str, given: object, faults_of: Callable[[str], list[str]]
) -> None:
    document = changed(path, given)
    assert not accepts(SCHEMA, document)
    assert faults_of(json.dumps(document))
