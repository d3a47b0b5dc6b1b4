"""What limits the run: small objects with one verb each, without clock or socket of their own."""

from pipeline.governors.doubt import Doubt, Streak, Verdict
from pipeline.governors.hold import Hold
from pipeline.governors.money import Balance, Budget, Price
from pipeline.governors.outage import Outage

__all__ = [
    "Balance",
    "Budget",
    "Doubt",
    "Hold",
    "Outage",
    "Price",
    "Streak",
    "Verdict",
]
