"""One job, end to end."""

from pipeline.perform.calling import convict
from pipeline.perform.desk import Desk, Policy
from pipeline.perform.line import perform, rescue
from pipeline.perform.mending import amiss, mend
from pipeline.perform.reconciling import NO_HISTORY, Left, Reconciled, reconcile

__all__ = [
    "NO_HISTORY",
    "Desk",
    "Left",
    "Policy",
    "Reconciled",
    "amiss",
    "convict",
    "mend",
    "perform",
    "reconcile",
    "rescue",
]
