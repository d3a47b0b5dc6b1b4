"""Where a round is played: photographs, a manifest, the local API's URLs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalogue import photo, write_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torture.scenes import Scene

TIMEOUT = 2.5
"""The manifest's `api.timeout`, in seconds."""

SETTLE = 2.0
"""The manifest's `reconcile.settle`, in seconds: above every scene's delay of the history."""

_PICTURES = 3  # of twins


class Stage:
    """One round's folder and manifest; the jobs of a changing cast change with every act."""

    def __init__(self, scene: Scene, folder: Path, urls: Mapping[str, str], jobs: int) -> None:
        self.scene = scene
        self.folder = folder
        self.urls = urls
        self.jobs = jobs
        (folder / "photos").mkdir(parents=True)
        for number in range(jobs):
            (folder / "photos" / f"p{number}.png").write_bytes(photo(number))
        self.manifest = self.write(0)

    @property
    def output(self) -> Path:
        """The output folder."""
        return self.folder / "out"

    @property
    def ledger(self) -> Path:
        """The ledger."""
        return self.output / "ledger.sqlite"

    def write(self, act: int) -> Path:
        """Write the manifest as it is in an act."""
        addresses = {name: self.urls[name] for name in ("credits_url", "history_url")}
        return write_manifest(
            self.folder,
            [self._job(number, act) for number in range(self.jobs)],
            self.urls[self.scene.version],
            api={**addresses, "timeout": TIMEOUT},
            limits={"concurrency": min(16, self.jobs // 2), "attempts": 6},
            reconcile={"settle": SETTLE},
        )

    def _job(self, number: int, act: int) -> dict[str, Any]:
        picture, prompt = number, f"mug {number}"
        match self.scene.cast:
            case "alike":
                prompt = "mug"
            case "twins":
                picture, prompt = number % _PICTURES, "mug"
            case "changing" if number % 2:
                prompt = f"mug {number} of kind {act % 3}"
            case _:
                pass
        return {"id": f"j{number:03}", "image": f"photos/p{picture}.png", "prompt": prompt}
