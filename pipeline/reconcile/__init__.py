"""Lost answers and the provider's history: which request is whose."""

from pipeline.reconcile.judging import (
    SLACK,
    Finding,
    Follows,
    Patience,
    Reading,
    adopted,
    judge,
)
from pipeline.reconcile.requests import Asked, Row, RowState, canonical

__all__ = [
    "SLACK",
    "Asked",
    "Finding",
    "Follows",
    "Patience",
    "Reading",
    "Row",
    "RowState",
    "adopted",
    "canonical",
    "judge",
]
