"""What a contender is told to do, as a file that it reads."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

MODEL = "sam-3d-objects"


@dataclass(frozen=True, slots=True)
class Order:
    """Turn `photos` into `results`/STEM.glb, `in_flight` at once; `url` is the server's root."""

    url: str
    protocol: str
    photos: tuple[str, ...]
    results: str
    in_flight: int

    @property
    def submit_url(self) -> str:
        """Where a photo is posted."""
        return f"{self.url}/{self.protocol}/{MODEL}"

    def result(self, photo: str) -> Path:
        """Where a photo's model belongs."""
        return Path(self.results, Path(photo).stem + ".glb")

    def write(self, path: Path) -> None:
        """Write it down for a contender."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def ordered() -> Order:
    """Read the order whose file is the process's first argument."""
    fields = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return Order(**{**fields, "photos": tuple(fields["photos"])})
