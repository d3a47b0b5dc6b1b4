import asyncio
import json
from urllib.parse import urlsplit

import anyio
import pytest
from emulator.emulator_serving import MODEL, Api, ball, serving, text

from pipeline.emulator.draws import milliseconds
from pipeline.emulator.faults import Fault

pytestmark = pytest.mark.anyio
PRICE = 62_700  # 33 s x 1900 micro-credits


@pytest.mark.parametrize("version", [1, 2])
async def test_credits_for_thirty_calls_buy_thirty_of_a_hundred(version: int) -> None:
    statuses: list[int] = []
    async with serving(credits_micro=30 * PRICE, workers=16) as api:

        async def one() -> None:
            statuses.append((await api.make(version=version)).status)

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(one)
        await _idle(api)
        books = await api.books()
    assert (statuses.count(200), statuses.count(406)) == (30, 70)
    assert (books["balance_micro"], books["spent_micro"]) == (0, 30 * PRICE)
    assert books["statuses"] == {"200": 30, "406": 70}


async def test_a_held_price_is_not_spent_twice() -> None:
    async with serving(credits_micro=2 * PRICE - 1, speed=0.01) as api:
        first = await api.make(version=2)
        second = await api.make(version=2)
        balance = await api.call("GET", "/v1/get-user-credits")
        books = await api.books()
    assert (first.status, second.status) == (200, 406)
    assert second.json["error"] == (
        "Insufficient credits: your balance is 0.125399, of which 0.0627 is held for running"
        " requests, and this request needs 0.0627"
    )
    assert balance.json["credits"] == 0.125399
    assert (books["held_micro"], books["spent_micro"]) == (PRICE, 0)


async def test_the_bill_is_exactly_what_was_drawn() -> None:
    async with serving(latency_spread=0.5, seed=9) as api:
        answers = [await api.make() for _ in range(5)]
        books = await api.books()
    prices = [
        (milliseconds(9, n, 33.0, 0.5) * 1_900 + 500) // 1000  # rounded half up
        for n in range(1, 6)
    ]
    assert len(set(prices)) == 5
    assert [round(float(answer.headers["x-cost"]) * 1e6) for answer in answers] == prices
    assert books["balance_micro"] == 10_000_000 - sum(prices)


async def test_seeded_faults_strike_the_same_submits_again_and_cost_nothing() -> None:
    fault = Fault("500", 0.4)
    struck = [500 if fault.strikes(3, n) else 200 for n in range(1, 21)]
    assert 0 < struck.count(500) < 20
    for version in (1, 2):
        async with serving(faults=(fault,), seed=3) as api:
            assert [(await api.make(version=version)).status for _ in range(20)] == struck
            await _idle(api)
            books = await api.books()
        assert books["spent_micro"] == struck.count(200) * PRICE


async def test_who_hangs_up_after_sending_pays_all_the_same() -> None:
    async with serving(speed=100.0) as api:
        await _send(api, whole=True)

        async def admitted() -> bool:
            return bool((await api.books())["in_flight"] == 1)

        await api.until(admitted)
        await _idle(api)
        books = await api.books()
    assert books["spent_micro"] == PRICE
    assert books["requests"][0]["status"] == "COMPLETED"


async def test_who_hangs_up_before_all_is_sent_pays_nothing() -> None:
    async with serving() as api:
        await _send(api, whole=False)
        assert (await api.make()).status == 200
        books = await api.books()
    assert (books["submits"], books["spent_micro"]) == (1, PRICE)


async def _idle(api: Api) -> None:
    async def idle() -> bool:
        return bool((await api.books())["in_flight"] == 0)

    await api.until(idle)


async def _send(api: Api, *, whole: bool) -> None:
    """Send a submit over a connection of its own, and close that without reading."""
    body = json.dumps({"image": text(ball())}).encode()
    head = (
        f"POST /v1/{MODEL} HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    parts = urlsplit(api.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head.encode() + (body if whole else body[:-9]))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
