"""The tool's own policy."""

from pipeline.concurrency import Adaptive
from pipeline.rates import Rate
from simulator.client import TIMEOUT
from simulator.policies import Limits, Policy

OURS = Policy(
    "ours",
    lambda ceiling, stated: Limits(Adaptive(ceiling, timeout=TIMEOUT), Rate(stated), ceiling),
)
