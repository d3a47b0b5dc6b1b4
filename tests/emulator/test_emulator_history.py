import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from emulator.emulator_serving import Answer, Api, ball, encoded, serving, text
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.emulator.faults import Fault
from pipeline.emulator.history_query import query
from pipeline.emulator.refusal import RefusalError

PATH = "/inference-request/request-history"
MORNING = 1_893_488_400.0  # 2030-01-01T09:00:00Z
DAY = 86_400.0


async def page(api: Api, **asked: Any) -> Answer:
    return await api.call("GET", PATH, params=asked)


@pytest.mark.anyio
async def test_a_completed_call_has_its_row_in_the_list_and_by_its_id() -> None:
    async with serving(now=lambda: MORNING) as api:
        made = await api.make(prompt="ball", seed=7)
        listed = await page(api, per_page=100)
        one = await api.call("GET", f"{PATH}/{made.headers['x-request-id']}")
        file = await api.call("GET", one.json["generation_url"], headers={})
    digest = hashlib.sha256(ball()).hexdigest()
    row = {
        "request_id": made.headers["x-request-id"],
        "model_name": "sam-3d-objects",
        "model_status": "COMPLETED",
        "credits_deduction": 0.0627,
        "request_body": {"image": f"sha256:{digest}", "prompt": "ball", "seed": 7},
        "generation_url": one.json["generation_url"],
        "latency_ms": 0,
        "error": None,
        "created_at": "2030-01-01T09:00:00.000Z",
        "updated_at": "2030-01-01T09:00:00.000Z",
    }
    assert listed.json == {"page": 1, "per_page": 100, "total": 1, "results": [row]}
    assert one.json == row
    assert file.body == made.body


@pytest.mark.anyio
async def test_failed_calls_and_calls_in_flight_have_rows_and_refused_ones_have_none() -> None:
    faults = tuple(map(Fault.parse, ("500#1", "503#2", "failed#3", "drop-before#4")))
    async with serving(faults=faults, speed=0.01) as api:
        assert (await api.make()).status == 500
        assert (await api.make()).status == 503
        assert (await api.make(seed=-1)).status == 406
        async with serving(faults=(Fault.parse("failed#1"),)) as other:
            await other.finish((await other.make(2)).json["request_id"])
            failed = (await page(other, status="FAILED")).json["results"]
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await api.make()
        await api.make(2)
        rows = (await page(api)).json["results"]
        pending = (await page(api, status="PENDING")).json["results"]
    assert [row["model_status"] for row in rows] == ["PENDING", "FAILED"]
    assert [(row["credits_deduction"], row["generation_url"]) for row in rows] == [(0.0, None)] * 2
    assert (rows[0]["latency_ms"], rows[0]["error"]) == (None, None)
    assert pending == rows[:1]
    assert [bool(row["error"]) for row in failed] == [True]


@pytest.mark.anyio
async def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    async with serving() as api:
        for seed in range(5):
            await api.make(seed=seed)
        pages = [(await page(api, page=n, per_page=2)).json for n in (1, 2, 3, 4)]
        oldest = (await page(api, sort_order="asc", per_page=1)).json["results"]
    seeds = [[row["request_body"]["seed"] for row in each["results"]] for each in pages]
    assert seeds == [[4, 3], [2, 1], [0], []]
    assert {each["total"] for each in pages} == {5}
    assert oldest[0]["request_body"]["seed"] == 0


@pytest.mark.anyio
async def test_dates_are_whole_days_in_utc_and_the_model_is_found_by_a_part_of_its_name() -> None:
    times = [MORNING]
    async with serving(now=lambda: times[-1]) as api:
        await api.make(seed=1)
        times.append(MORNING + DAY)
        await api.make(seed=2)
        found = {
            name: [
                row["request_body"]["seed"] for row in (await page(api, **asked)).json["results"]
            ]
            for name, asked in {
                "usual": {},
                "first": {"to_date": "2030-01-01"},
                "second": {"from_date": "2030-01-02", "to_date": "2030-01-02"},
                "before": {"from_date": "2029-12-02", "to_date": "2029-12-31"},
                "part": {"model_name": "3d"},
                "other": {"model_name": "sam-4d"},
            }.items()
        }
    assert found == {
        "usual": [2, 1],
        "first": [1],
        "second": [2],
        "before": [],
        "part": [2, 1],
        "other": [],
    }


@pytest.mark.anyio
async def test_rows_can_land_late_and_come_twice() -> None:
    times = [MORNING]
    settings = {"history_delay": 60.0, "history_duplicates": True, "history_envelope": "data"}
    async with serving(now=lambda: times[-1], **settings) as api:
        request_id = (await api.make()).headers["x-request-id"]
        times.append(MORNING + 59.9)
        early = [await page(api), await api.call("GET", f"{PATH}/{request_id}")]
        times.append(MORNING + 60)
        late = [await page(api), await api.call("GET", f"{PATH}/{request_id}")]
    assert (early[0].json["data"], early[0].json["total"], early[1].status) == ([], 0, 404)
    assert [row["request_id"] for row in late[0].json["data"]] == [request_id] * 2
    assert (late[0].json["total"], late[1].json) == (2, late[0].json["data"][0])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("shown", "picture"),
    [
        ("sent", text(ball())),
        ("sha256", "sha256:"),
        ("none", None),
    ],
)
async def test_rows_show_the_pictures_as_told(shown: str, picture: str | None) -> None:
    parameters: dict[str, Any] = {"point_coords": "[[20,20] ]", "seed": 3, "prompt": None}
    async with serving(history_images=shown) as api:
        made = await api.make(mask=text(ball()), **parameters)
        listed = (await page(api)).json["results"][0]
        one = (await api.call("GET", f"{PATH}/{made.headers['x-request-id']}")).json
    if shown == "sha256":
        picture = f"sha256:{hashlib.sha256(ball()).hexdigest()}"
    pictures = {} if picture is None else {"image": picture, "mask": picture}
    assert one == listed
    assert listed["request_body"] == pictures | parameters


@pytest.mark.anyio
@pytest.mark.parametrize("version", [1, 2])
async def test_a_nights_pictures_do_not_stay_on_disk(tmp_path: Path, version: int) -> None:
    noise = encoded(Image.effect_noise((512, 512), 100))
    assert len(noise) > 200_000
    async with serving(books=tmp_path) as api:
        for seed in range(20):
            made = await api.make(version, image=text(noise), seed=seed)
            if version == 2:
                await api.finish(made.json["request_id"])
        names = ("books.sqlite", "books.sqlite-wal")
        kept = sum((tmp_path / name).stat().st_size for name in names)
    assert not list((tmp_path / "bodies").iterdir())
    # one at a time is open: its pages, freed, hold the next; the log beside them is 1000 pages
    assert kept < 5 * 2**20 + 4 * len(noise) < 20 * len(noise) * 4 / 3


@pytest.mark.anyio
async def test_several_outputs_have_a_row_each_with_the_whole_cost() -> None:
    async with serving(answers=("several",)) as api:
        made = await api.make()
        rows = (await page(api)).json["results"]
    urls = [mesh["url"] for mesh in made.json["individual_meshes"]]
    assert len(urls) == 2
    assert [row["generation_url"] for row in rows] == urls
    assert {row["request_id"] for row in rows} == {made.headers["x-request-id"]}
    assert [row["credits_deduction"] for row in rows] == [0.0627] * 2


@pytest.mark.anyio
async def test_it_outlives_the_record_and_a_restart(tmp_path: Path) -> None:
    times = [MORNING]
    kept = {"books": tmp_path, "history_images": "sent"}
    async with serving(now=lambda: times[-1], **kept) as api:
        request_id = (await api.make(2)).json["request_id"]
        await api.finish(request_id)
    times.append(MORNING + 7200)
    async with serving(now=lambda: times[-1], **kept) as api:
        assert (await api.call("GET", f"/v2/requests/{request_id}")).status == 404
        row = (await api.call("GET", f"{PATH}/{request_id}")).json
    assert row["model_status"] == "COMPLETED"
    assert row["request_body"]["image"] == text(ball())


@pytest.mark.anyio
async def test_it_wants_a_key_and_sense_and_can_be_off(tmp_path: Path) -> None:
    async with serving(books=tmp_path) as api:
        for path in (PATH, f"{PATH}/x"):
            assert (await api.call("GET", path, headers={})).status == 401
        assert (await api.call("GET", f"{PATH}/x")).json == {"error": "Request x not found"}
        assert (await page(api, per_page=101)).status == 400
    async with serving(books=tmp_path, history=False, history_images="sent") as api:
        await api.make()
        assert (await page(api)).status == 404
    assert not list((tmp_path / "bodies").iterdir())


@pytest.mark.parametrize(
    "asked",
    [
        {"from_date": "2030-01-01", "to_date": "2030-02-01"},  # 31 days of January and one more
        {"from_date": "2030-01-02", "to_date": "2030-01-01"},
        *[{"from_date": day} for day in ("2030-1-32", "yesterday", "2030-01-01T00:00:00", "0")],
        *[{"page": number} for number in ("0", "-1", "x", "1.0", "99999999", "١")],
        *[{"per_page": number} for number in ("0", "101")],
        {"status": "completed"},
        {"sort_order": "up"},
    ],
)
def test_what_makes_no_sense_is_a_400(asked: Mapping[str, str]) -> None:
    with pytest.raises(RefusalError) as refused:
        query(asked, MORNING)
    assert refused.value.status == 400


def test_a_window_of_31_days_is_the_longest() -> None:
    january = query({"from_date": "2030-01-01", "to_date": "2030-01-31"}, MORNING)
    begin = MORNING - 9 * 3600
    assert january.values[:2] == (begin, begin + 31 * DAY)


def test_a_week_is_what_is_meant_unless_told() -> None:
    usual = query({}, MORNING)
    midnight = MORNING - 9 * 3600
    assert usual.values[:2] == (midnight - 7 * DAY, midnight + DAY)
    assert (usual.page, usual.per_page) == (1, 20)


@given(st.dictionaries(st.sampled_from(["from_date", "to_date", "page"]), st.text(max_size=12)))
def test_any_question_is_read_or_refused(asked: dict[str, str]) -> None:
    with contextlib.suppress(RefusalError):
        assert query(asked, MORNING).page >= 1
