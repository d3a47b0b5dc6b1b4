"""The manifest's JSON Schema, for editors; made of the models that validate."""

from typing import Any, Literal

from pydantic import Field

from pipeline.manifest.jobs import Defaults, JobFields
from pipeline.manifest.sections import (
    Api,
    Budget,
    Inputs,
    Limits,
    Output,
    Reconcile,
    Safety,
    Strict,
)


class _Document(Strict):
    """A catalogue of product pictures, to be turned into 3D models."""

    version: Literal[1] = 1
    """The manifest's own version."""

    api: Api | None = None
    limits: Limits | None = None
    budget: Budget | None = None
    inputs: Inputs | None = None
    reconcile: Reconcile | None = None
    safety: Safety | None = None
    output: Output
    defaults: Defaults | None = None
    jobs: list[JobFields] = Field(min_length=1)
    """The models to be made; by priority, then in this order."""


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a manifest.

    It knows keys, types and ranges. What lies between keys (a job's image or the default one, a
    budget for an API that bills, equal ids) only `load` knows.
    """
    document = _Document.model_json_schema()
    for model in (document, *document["$defs"].values()):
        model.pop("title")
        for key in model["properties"].values():
            key.pop("title", None)
            if "description" in key:
                key["description"] = " ".join(key["description"].split())
            if key.get("default", "") is None:
                del key["default"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "catalog3d manifest",
        **document,
    }
