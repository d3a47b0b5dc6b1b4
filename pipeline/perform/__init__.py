"""One job, end to end."""

from pipeline.perform.buying import convict
from pipeline.perform.desk import Desk, Policy
from pipeline.perform.line import perform, rescue
from pipeline.perform.mending import amiss, mend

__all__ = ["Desk", "Policy", "amiss", "convict", "mend", "perform", "rescue"]
