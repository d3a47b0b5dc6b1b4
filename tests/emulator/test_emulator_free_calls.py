from typing import Any

import aiohttp
import pytest
from emulator.emulator_serving import Answer, struck

pytestmark = pytest.mark.anyio


async def test_faults_of_polls() -> None:
    faults = ("poll-500#1", "poll-404#2", "poll-429#3", "poll-401#4", "poll-drop#5,6")
    async with struck(*faults) as api:
        request_id = (await api.make(2)).json["request_id"]
        answers = [await api.call("GET", f"/v2/requests/{request_id}") for _ in range(4)]
        with pytest.raises(aiohttp.ServerDisconnectedError):  # it asks twice by itself
            await api.call("GET", f"/v2/requests/{request_id}")
        assert (await api.finish(request_id)).status == 200
    assert [answer.status for answer in answers] == [500, 404, 429, 401]
    assert answers[1].json == {"error": f"Request {request_id} not found"}
    assert "x-rate-limit-reset-at-utc" in answers[2].headers


async def test_faults_of_files() -> None:
    faults = ("file-503#1", "file-404#2", "file-html#3", "file-redirect=2#4,5", "file-cut#6")
    async with struck(*faults, "file-slow=0#7") as api:
        done = await api.finish((await api.make(2)).json["request_id"])

        async def get(**options: Any) -> Answer:
            url: str = done.json["output"]
            return await api.call("GET", url, headers={}, **options)

        broken, lost, page = [await get() for _ in range(3)]
        hop, followed = await get(allow_redirects=False), await get()
        with pytest.raises(aiohttp.ClientPayloadError):
            await get()
        slow, whole = await get(), await get()
    assert (broken.status, lost.status, page.status, hop.status) == (503, 404, 200, 302)
    assert page.headers["content-type"].startswith("text/html")
    assert hop.headers["location"].endswith("?hops=1")
    assert followed.body == slow.body == whole.body
    assert whole.body.startswith(b"glTF")


async def test_faults_of_the_balance_and_of_the_history() -> None:
    faults = ("balance-500#1", "balance-401#2", "balance-slow=0#3", "balance-never#4")
    async with struck(*faults, "history-500#1", "history-401#2") as api:
        answers = [(await api.call("GET", "/v1/get-user-credits")).status for _ in range(3)]
        timeout = aiohttp.ClientTimeout(total=0.1)
        with pytest.raises(TimeoutError):
            await api.call("GET", "/v1/get-user-credits", timeout=timeout)
        history = "/inference-request/request-history"
        rows = [(await api.call("GET", history)).status for _ in range(3)]
    assert answers == [500, 401, 200]
    assert rows == [500, 401, 200]
