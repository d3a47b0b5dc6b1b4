"""What the API receives of a large picture, what the sidecar says of it, and what is bought."""

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from catalogue import catalog3d, photo, rows, summary, write_manifest
from PIL import Image
from scripted import GLB, Script, billed, reply, scripted

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"
JOBS: list[dict[str, Any]] = [
    {
        "id": "large",
        "image": "large.png",
        "mask": "mask.png",
        "point_coords": [[500, 999]],
        "bounding_box": [100, 200, 900, 1000],
        "seed": "auto",
    },
    {"id": "small", "image": "small.png", "point_coords": [[31.5, 63]]},
]


def catalogue(folder: Path, url: str, inputs: Mapping[str, Any]) -> Path:
    (folder / "large.png").write_bytes(photo(1, size=1000))
    (folder / "small.png").write_bytes(photo(2, size=64))
    Image.new("L", (1000, 1000), 255).save(folder / "mask.png")
    limits = {"concurrency": 1}
    return write_manifest(
        folder, JOBS, url, limits=limits, inputs=dict(inputs), budget={"credits": 9}
    )


def received(api: Script) -> list[dict[str, Any]]:
    return [json.loads(body) for body in api.bodies if body]


def size_of(text: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        return picture.size


def sidecar(folder: Path, job: str) -> dict[str, Any]:
    told = json.loads((folder / "out" / f"{job}.json").read_text())
    assert isinstance(told, dict)
    return told


async def test_the_api_receives_picture_mask_points_and_box_made_smaller(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as api:
        manifest = catalogue(tmp_path, api.url + V1, {"max_side": 512})
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        large, small = received(api)
    assert done.returncode == 0, done.stderr
    assert size_of(large["image"]) == size_of(large["mask"]) == (512, 512)
    assert large["point_coords"] == "[[256, 511]]"  # 999 · 0.512 = 511.5
    assert large["bounding_box"] == "[51, 102, 461, 512]"  # 51.2, 102.4, 460.8, 512
    assert base64.b64decode(small["image"]) == (tmp_path / "small.png").read_bytes()
    assert small["point_coords"] == "[[31.5, 63]]"
    told = sidecar(tmp_path, "large")
    assert told["sent"] == {"width": 512, "height": 512, "scale": 0.512}
    assert told["job"]["bounding_box"] == [100, 200, 900, 1000]
    assert "sent" not in sidecar(tmp_path, "small")


async def test_another_size_buys_nothing_again_and_asks_for_the_same_seed(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as api:
        manifest = catalogue(tmp_path, api.url + V1, {"max_side": 512})
        await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        first, seed = sidecar(tmp_path, "large")["fingerprint"], received(api)[0]["seed"]
        for inputs in ({"max_side": 600}, {"max_side": None}, {}):
            manifest = catalogue(tmp_path, api.url + V1, inputs)
            done = await anyio.to_thread.run_sync(catalog3d, "run", manifest, "--json")
            assert done.returncode == 0, done.stderr
            assert summary(done)["jobs"]["succeeded"] == 2
        assert api.submits == 2
    other = tmp_path / "other"
    other.mkdir()
    async with scripted({V1: [billed(GLB)]}) as api:
        manifest = catalogue(other, api.url + V1, {"max_side": None})
        await anyio.to_thread.run_sync(catalog3d, "run", manifest)
        large = received(api)[0]
    assert size_of(large["image"]) == (1000, 1000)
    assert large["bounding_box"] == "[100, 200, 900, 1000]"
    assert sidecar(other, "large")["fingerprint"] == first
    assert large["seed"] == seed


async def test_a_second_try_sends_the_same_bytes(tmp_path: Path) -> None:
    async with scripted({V1: [reply(503), billed(GLB)]}) as api:
        manifest = catalogue(tmp_path, api.url + V1, {"max_side": 512})
        done = await anyio.to_thread.run_sync(catalog3d, "run", manifest, "--only", "large")
        first, second = api.bodies
    assert done.returncode == 0, done.stderr
    assert first == second
    assert [row["attempts"] for row in rows(manifest).values() if row["id"] == "large"] == [2]
