"""How a service that fails is left alone."""

from __future__ import annotations

from collections import deque

_FAILING, _OF_LAST = 6, 8
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0


class Failing:
    """Whether nearly all new calls fail, and for how long to pause then. Seconds."""

    def __init__(self) -> None:
        self.pause = 0.0
        self._failed: deque[int] = deque(maxlen=_OF_LAST)

    @property
    def begins(self) -> bool:
        """Whether this is its first pause."""
        return self.pause == _FIRST_PAUSE

    def failed(self, number: int) -> bool:
        """Take a failure, the call's number told; tell whether to pause."""
        self._failed.append(number)
        if self.pause:
            self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        elif sum(each > number - _OF_LAST for each in self._failed) >= _FAILING:
            self.pause = _FIRST_PAUSE
        return self.pause > 0

    def over(self) -> None:
        """Note that a call sent since the last pause succeeded."""
        self.pause = 0.0
