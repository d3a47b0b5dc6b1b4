"""What a run would do."""

from pathlib import Path
from typing import Any

import pytest
from catalogue import KEY, photo, write_manifest, write_photos
from scripted import GLB, billed, reply, scripted

from pipeline.batch import Plan, plan, run
from pipeline.errors import UsageError
from pipeline.manifest import Manifest, load

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"


def jobs(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": name, "image": f"photos/{name}.png", **fields} for name in names]


async def planned(manifest: Manifest) -> dict[str, Any]:
    found: Any = (await plan(manifest, key=KEY)).as_json()
    return {name: count for name, count in found["jobs"].items() if count}


async def test_a_plan_tells_new_changed_cached_done_failed_and_invalid_jobs_apart(
    tmp_path: Path,
) -> None:
    write_photos(tmp_path / "photos", 1)
    for number, name in enumerate("abcdef"):
        (tmp_path / "photos" / f"{name}.png").write_bytes(photo(number + 10))
    answers = [billed(GLB), billed(GLB), reply(400, "no"), billed(GLB)]
    async with scripted({V1: answers}) as script:
        url, limits = script.url + V1, {"concurrency": 1}
        before = load(write_manifest(tmp_path, jobs("a", "b", "c"), url, limits=limits))
        assert await planned(before) == {"new": 3}
        await run(before, key=KEY)
        assert await planned(before) == {"done": 2, "failed": 1}
        wanted = [
            *jobs("a", "c"),
            *jobs("b", seed=7),
            *jobs("d", "missing"),
            {"id": "twin-of-a", "image": "photos/a.png"},
            {"id": "twin-of-d", "image": "photos/d.png"},
        ]
        after = load(write_manifest(tmp_path, wanted, url, limits=limits))
        assert await planned(after) == {
            "done": 1, "failed": 1, "changed": 1, "new": 1, "invalid": 1, "cached": 2
        }  # fmt: skip
        assert script.submits == 3


def test_the_time_is_what_slots_and_rate_allow() -> None:
    # 100 calls: 13 rounds of 33 s at 8 at once; or 2 minutes at 50 a minute
    assert Plan(price=65_000, new=100, concurrency=8).seconds == 13 * 33
    assert Plan(price=65_000, new=100, concurrency=100, per_minute=50).seconds == 120


def test_the_cost_is_that_of_new_and_changed_jobs() -> None:
    assert Plan(price=65_000, new=2, changed=1, cached=5, done=9).cost == 195_000


async def test_a_balance_is_told_where_it_can_be_asked(tmp_path: Path) -> None:
    balance = reply(200, {"credits": 1.25, "free-credits": 0.5})
    async with scripted({"/credits": [balance]}) as script:
        api = {"credits_url": f"{script.url}/credits"}
        manifest = load(write_manifest(tmp_path, 1, script.url + V1, api=api))
        assert (await plan(manifest, key=KEY)).balance == 1_750_000
        assert (await plan(manifest, key=None)).balance is None


async def test_an_id_that_another_manifest_owns_is_refused(tmp_path: Path) -> None:
    async with scripted({V1: [billed(GLB)]}) as script:
        first = load(write_manifest(tmp_path, 1, script.url + V1))
        await run(first, key=KEY)
        other = tmp_path / "other.yaml"
        other.write_bytes(first.path.read_bytes())
        with pytest.raises(UsageError, match=r"job j000: the manifest \.\./catalogue\.yaml owns"):
            await plan(load(other), key=KEY)
        with pytest.raises(UsageError, match=r"job j000: the manifest \.\./catalogue\.yaml owns"):
            await run(load(other), key=KEY)
        assert script.submits == 1
