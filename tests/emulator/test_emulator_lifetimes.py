import pytest
from emulator.emulator_serving import serving

pytestmark = pytest.mark.anyio
MORNING = 1_893_488_400.0  # 2030-01-01T09:00:00Z


async def test_a_file_ends_after_its_seven_days() -> None:
    times = [MORNING]
    async with serving(now=lambda: times[-1]) as api:
        done = await api.finish((await api.make(2)).json["request_id"])
        statuses = []
        for age in (0, 604_799.9, 604_800):
            times.append(MORNING + age)
            statuses.append((await api.call("GET", done.json["output"], headers={})).status)
    assert statuses == [200, 200, 404]


async def test_a_clock_that_is_off_is_off_everywhere() -> None:
    async with serving(now=lambda: MORNING, clock_offset=7200.0, requests_per_minute=1) as api:
        made = await api.make()
        refused = await api.make()
        history = await api.call("GET", "/inference-request/request-history")
    for answer in (made, refused):
        assert answer.headers["date"] == "Tue, 01 Jan 2030 11:00:00 GMT"
        assert answer.headers["x-rate-limit-reset-at-utc"] == "2030-01-01T11:01:00.000Z"
    assert history.json["results"][0]["created_at"] == "2030-01-01T11:00:00.000Z"
