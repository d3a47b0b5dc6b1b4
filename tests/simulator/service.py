"""The service: what it refuses, what it queues, how long it takes."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from simulator.steps import Steps
from simulator.windows import Unlimited, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator.world import World

ALWAYS = Steps.of((0, 1))
NEVER = Steps.of((0, 0))
ENDLESS = Steps.of((0, math.inf))

_FAILS_AFTER = 0.5


class Kind(Enum):
    """What an answer is: 200, 429, 503, and the 504 of a gateway before the service."""

    DONE = auto()
    REFUSED = auto()
    FAILED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; a refusal may tell when it ends, on the service's clock."""

    kind: Kind
    reset: float | None = None


Reply: TypeAlias = "Callable[[Answer], None]"


@dataclass(frozen=True, slots=True)
class Nature:
    """What a service is like.

    `capacity`: how many it holds at once, a further one is refused; `servers`: how many it works
    on at once, a further one waits its turn; `speed`: 0.5 is a latency twice as long; `outage`: 1
    while every new request is answered 503; `patience`: seconds after which a gateway answers for
    it, while it works on. `reset` is how far off a full capacity says that its
    end is; None where its refusals tell nothing, a minute's never tell either then.
    """

    capacity: Steps = ENDLESS
    servers: Steps = ENDLESS
    speed: Steps = ALWAYS
    outage: Steps = NEVER
    window: Window = field(default_factory=Unlimited)
    reset: float | None = 1.0
    patience: float = math.inf


class Service:
    """The service in a world. The n-th request that it takes in is as long as the n-th length.

    So the order in which a client brings its jobs changes nothing, and no client can do better
    than one that always has the next job taken in as early as possible: machines that are free
    earlier never end a list of independent jobs later.
    """

    def __init__(self, world: World, nature: Nature, lengths: Iterator[float]) -> None:
        self._world = world
        self._nature = nature
        self._lengths = lengths
        self._working = 0
        self._waiting: deque[tuple[float, Reply]] = deque()

    @property
    def held(self) -> int:
        """How many requests it has in its hands."""
        return self._working + len(self._waiting)

    def receive(self, reply: Reply) -> None:
        """Take a request; the reply comes as an event of the world."""
        now, nature = self._world.now, self._nature
        if nature.outage.at(now):
            self._world.at(now + _FAILS_AFTER, lambda: reply(Answer(Kind.FAILED)))
        elif not nature.window.take(now):
            told = None if nature.reset is None else nature.window.opens(now)
            reply(Answer(Kind.REFUSED, told))
        elif self.held >= nature.capacity.at(now):
            reply(Answer(Kind.REFUSED, None if nature.reset is None else now + nature.reset))
        else:
            reply = _once(reply)
            self._waiting.append((next(self._lengths), reply))
            if nature.patience < math.inf:
                self._world.at(now + nature.patience, lambda: reply(Answer(Kind.GONE)))
            self._work()

    def opens(self) -> float:
        """Give the moment from which one more would be worked on at once, for who knows all.

        Infinite where that depends on a request's end; a moment may prove too early.
        """
        now, nature = self._world.now, self._nature
        if nature.outage.at(now):
            return nature.outage.next_change(now)
        if (opens := nature.window.opens(now)) > now:
            return opens
        if self.held < min(nature.capacity.at(now), nature.servers.at(now)):
            return now
        return min(nature.capacity.next_change(now), nature.servers.next_change(now))

    def _work(self) -> None:
        """Begin what can be begun; come back where servers are added."""
        now, nature = self._world.now, self._nature
        while self._waiting and self._working < nature.servers.at(now):
            length, reply = self._waiting.popleft()
            self._working += 1
            self._world.at(nature.speed.finish(now, length), self._end_of(reply))
        if self._waiting and (change := nature.servers.next_change(now)) < math.inf:
            self._world.at(change, self._work)

    def _end_of(self, reply: Reply) -> Callable[[], None]:
        def end() -> None:
            self._working -= 1
            self._work()
            reply(Answer(Kind.DONE))

        return end


def _once(reply: Reply) -> Reply:
    """Let the gateway's answer or the service's through, whichever comes first."""
    answers: list[Answer] = []

    def first(answer: Answer) -> None:
        if not answers:
            answers.append(answer)
            reply(answer)

    return first
