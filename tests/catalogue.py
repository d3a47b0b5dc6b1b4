"""Small catalogues to try things on, the command as a real process, the local API as another."""

import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

KEY = "SG_0123456789abcdef"


def photo(number: int, size: int = 64) -> bytes:
    """A ball on a plain ground; each number gives other bytes."""
    image = Image.new("RGB", (size, size), (240, 240, 240))
    ball = (size // 6, size // 5, size - size // 5, size - size // 7)
    ImageDraw.Draw(image).ellipse(ball, fill=(number % 256, 100, 200 - number % 200))
    image.putpixel((size // 2, size // 2), (number % 256, number // 256, 7))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def write_photos(folder: Path, count: int) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"p{number:03}.png" for number in range(count)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(photo(number))
    return names


def write_manifest(
    folder: Path, jobs: int | list[dict[str, Any]], url: str = "emulator", **sections: Any
) -> Path:
    """Write a manifest (JSON is YAML) of so many different photos, or of the jobs given."""
    if isinstance(jobs, int):
        names = write_photos(folder / "photos", jobs)
        jobs = [
            {"id": f"j{number:03}", "image": f"photos/{name}"} for number, name in enumerate(names)
        ]
    api = {"url": url, **sections.pop("api", {})}
    manifest = {"api": api, "output": {"path": "out"}, **sections, "jobs": jobs}
    path = folder / "catalogue.yaml"
    path.write_text(json.dumps(manifest, indent=1))
    return path


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "pipeline", *map(str, args)]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "SEGMIND_API_KEY": KEY, "COLUMNS": "100", **variables}


def catalog3d(
    *args: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*args),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        stdin=subprocess.DEVNULL,
        env=dict(env) if env is not None else environment(),
    )


def summary(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON document that a command printed."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def rows(manifest: Path) -> dict[str, dict[str, Any]]:
    """The jobs by id, as the command lists them."""
    listed = catalog3d("jobs", manifest, "--format", "jsonl").stdout
    return {row["id"]: row for row in map(json.loads, listed.splitlines())}


class LocalApi:
    """The local API as a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.urls: dict[str, str] = json.loads(process.stdout.readline())

    def books(self) -> Any:
        with urllib.request.urlopen(f"{self.urls['url']}/emulator/books?limit=1000") as answer:
            return json.load(answer)

    def top_up(self, credits: float) -> None:
        request = urllib.request.Request(
            f"{self.urls['url']}/emulator/top-up",
            data=json.dumps({"credits": credits}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            answer.read()


@contextmanager
def local_api(*options: str) -> Iterator[LocalApi]:
    """Serve the local API on a free port; it ends with its input."""
    process = subprocess.Popen(
        command("emulator", "--port", "0", "--json", "--until-eof", *options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield LocalApi(process)
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def billed(books: Any) -> list[str]:
    """The picture of each billed call."""
    return [each["image_sha256"] for each in books["requests"] if each["billed_micro"]]
