"""What is played: a protocol, what goes wrong at the API, what its history tells, which jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Version: TypeAlias = Literal["v1", "v2"]
Images: TypeAlias = Literal["sent", "sha256", "none"]
Cast: TypeAlias = Literal["different", "alike", "twins", "changing"]
"""The jobs: each its own prompt; all one prompt and seed; a few fingerprints under many ids; or
their prompts change from run to run."""


@dataclass(frozen=True, slots=True)
class History:
    """What the history shows: how it shows pictures, and after how many seconds a row is seen."""

    images: Images = "sent"
    delay: float = 0.0
    duplicates: bool = False


FULL = History()
LATE = History("none", delay=1.5, duplicates=True)
IMAGELESS = History("none")
DIGESTS = History("sha256")


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; `faults` as the local API takes them, `history` None where there is none.

    `jobs` are so many in a round of random kills, `few` in a round of kills at steps. `span` is how
    many seconds a run of it works, about. `share` is the scene's part of a campaign.
    """

    name: str
    version: Version
    faults: tuple[str, ...] = ()
    history: History | None = FULL
    cast: Cast = "different"
    jobs: int = 8
    few: int = 4
    speed: int = 200
    span: float = 0.8
    share: int = 2

    @property
    def options(self) -> list[str]:
        """The local API's options, but for the seed."""
        shown = self.history
        told = ["--history", "off"] if shown is None else ["--history-images", shown.images]
        late = [] if shown is None else ["--history-delay", str(shown.delay)]
        twice = ["--history-duplicates"] if shown is not None and shown.duplicates else []
        faults = [word for fault in self.faults for word in ("--fault", fault)]
        speed = ["--speed", str(self.speed), "--latency-spread", "0.5"]
        return [*speed, "--workers", "16", "--credits", "1000", *faults, *told, *late, *twice]


_DROPS = ("drop-before:0.12", "drop-after:0.12", "reset:0.06")
_CUTS = ("cut:0.12", "cut-bare:0.12", "cut-gzip:0.06", "file-cut:0.15", "poll-drop:0.15")
_ERRORS = (
    *("500:0.15", "503:0.08", "502-before:0.04", "502-after:0.06", "504-before:0.04"),
    *("504-after:0.06", "poll-500:0.1", "file-503:0.1"),
)
_FAILURES = ("failed:0.2", "failed-billed:0.1", "500:0.1")
_SLOW = ("trickle=0.02:0.1", "file-slow=0.05:0.2", "poll-trickle=0.01:0.1")


_VARIETIES = (
    Scene("plain", "v1", few=2, share=14),
    Scene("drops", "v1", _DROPS),
    Scene("cuts", "v1", _CUTS),
    Scene("errors", "v1", _ERRORS, span=2.0),
    Scene("failures", "v1", _FAILURES, span=2.0, share=1),
    Scene("slow", "v1", _SLOW, speed=40, span=3.0, share=1),
    Scene("late", "v1", _DROPS, LATE),
    Scene("digests", "v1", _DROPS, DIGESTS, share=1),
    Scene("imageless", "v1", _DROPS, IMAGELESS, "alike"),
    Scene("hundred", "v1", _DROPS, LATE, "alike", jobs=100, few=12, span=2.5),
    Scene("twins", "v1", _DROPS, FULL, "twins", jobs=12, few=4),
    Scene("changing", "v1", _DROPS[1:], FULL, "changing"),
    Scene("dark", "v1", (*_DROPS, *_CUTS), None),
)


def _scenes() -> Iterator[Scene]:
    for scene in _VARIETIES:
        yield replace(scene, name=f"v1-{scene.name}")
        yield replace(scene, name=f"v2-{scene.name}", version="v2", span=scene.span + 1.5)


SCENES = {scene.name: scene for scene in _scenes()}
