"""How many calls may be in flight: a stated number, or one that adapts to what comes back.

Without clock or socket: seconds are of one monotonic clock that the caller reads. Every call that
`sent` has counted is ended once, by the verb that says what became of it.
"""

from pipeline.concurrency.adaptive import Adaptive
from pipeline.concurrency.calls import Call, Fixed

__all__ = ["Adaptive", "Call", "Fixed"]
