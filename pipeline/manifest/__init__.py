"""The manifest: text to validated sections and an iterator of jobs, or all faults by place."""

from pipeline.manifest.reader import Manifest, load
from pipeline.manifest.schema import schema
from pipeline.manifest.sections import (
    Api,
    Budget,
    Inputs,
    Limits,
    Output,
    Reconcile,
    Safety,
)

__all__ = [
    "Api",
    "Budget",
    "Inputs",
    "Limits",
    "Manifest",
    "Output",
    "Reconcile",
    "Safety",
    "load",
    "schema",
]
