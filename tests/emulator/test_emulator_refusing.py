import io
import socket
from pathlib import Path

import aiohttp
import anyio
import pytest
from emulator.emulator_serving import KEY, MODEL, last, struck

from pipeline.emulator.faults import HANG_UPS, REFUSALS, Fault

pytestmark = pytest.mark.anyio
VERSIONS = pytest.mark.parametrize("version", [1, 2])


@VERSIONS
@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refusal_answers_its_status_and_is_not_billed(kind: str, version: int) -> None:
    status = int(kind[:3])
    async with struck(f"{kind}#1") as api:
        answer = await api.make(version)
        row = await last(api)
        assert (await api.make(version)).status == 200
    assert answer.status == status
    assert (row["fault"], row["http"], row["billed_micro"]) == (kind, status, 0)
    assert row["status"] == ("FAILED" if kind == "500" else "REFUSED")
    html = status in {502, 503, 504}
    assert answer.headers["content-type"].startswith("text/html" if html else "application/json")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("406-credits", "Insufficient credits"),
        ("406-spend-limit", "spend limit"),
        ("406-content-type", "Invalid content type"),
        ("406-parameter", "parameter"),
        ("406-unreadable", "Not Acceptable"),
        ("429", "Rate limit"),
    ],
)
async def test_a_refusal_says_what_it_is_about(kind: str, words: str) -> None:
    async with struck(f"{kind}#1") as api:
        assert words in (await api.make()).json["error"]


async def test_the_details_that_tell_refusals_apart() -> None:
    now = 1_893_456_000.0  # 2030-01-01T00:00:00Z
    faults = ("429=30#1", "429-bare#2", "401-described#3", "307=http://127.0.0.1:99/x#4")
    async with struck(*faults, now=lambda: now) as api:
        reset, bare, described, redirect = [await api.make() for _ in range(4)]
    assert reset.headers["x-rate-limit-reset-at-utc"] == "2030-01-01T00:00:30.000Z"
    assert reset.headers["date"] == "Tue, 01 Jan 2030 00:00:00 GMT"
    assert "x-rate-limit-reset-at-utc" not in bare.headers
    assert set(described.json) == {"error", "error_description", "status_code"}
    assert redirect.headers["location"] == "http://127.0.0.1:99/x"


@VERSIONS
@pytest.mark.parametrize("kind", HANG_UPS)
async def test_a_connection_that_ends_before_the_work_costs_nothing(
    kind: str, version: int
) -> None:
    async with struck(f"{kind}=0.05#1" if kind == "down" else f"{kind}#1") as api:
        with pytest.raises(aiohttp.ClientOSError if kind == "reset" else aiohttp.ClientError):
            await api.make(version)
        with anyio.fail_after(10):
            while True:
                try:
                    assert (await api.make(version)).status == 200
                    break
                except aiohttp.ClientError:
                    await anyio.sleep(0.01)
        books = await api.books()
    row = books["requests"][-1]
    assert (row["fault"], row["http"], row["billed_micro"]) == (kind, 0, 0)
    assert (row["status"], books["faults"]) == ("REFUSED", {kind: 1})
    assert (row["image_sha256"] is None) == (kind != "drop-before")


async def test_while_it_is_down_nobody_listens() -> None:
    async with struck("down=0.3#1") as api:
        port = int(api.url.rpartition(":")[2])
        with pytest.raises(aiohttp.ClientError):
            await api.make()

        async def refused() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                return True
            return False

        await api.until(refused)

        async def back() -> bool:
            return not await refused()

        await api.until(back)
        assert (await api.make()).status == 200


@VERSIONS
async def test_rates_strike_the_same_submits_under_the_same_seed(version: int) -> None:
    fault = Fault.parse("503:0.4")
    expected = [503 if fault.strikes(7, n) else 200 for n in range(1, 13)]
    assert len(set(expected)) == 2
    async with struck("503:0.4", "poll-500:0.5", seed=7) as api:
        assert [(await api.make(version)).status for _ in range(12)] == expected


async def test_numbers_count_on_after_a_restart(tmp_path: Path) -> None:
    for statuses in ([200, 200], [503, 200]):
        async with struck("503#3", books=tmp_path) as api:
            assert [(await api.make()).status for _ in range(2)] == statuses


async def test_a_reset_comes_before_the_body_is_read() -> None:
    async with struck("reset#1") as api:
        slow = io.BytesIO(b"{}")
        with pytest.raises(aiohttp.ClientError):
            await api.call("POST", f"/v1/{MODEL}", data=slow, headers=KEY)
        row = await last(api)
    assert (row["body_sha256"], row["fault"]) == (None, "reset")


async def test_a_call_that_is_refused_for_its_own_sake_had_no_fault() -> None:
    async with struck("cut#1", "503#2") as api:
        assert [(await api.make(seed=-1)).status for _ in range(2)] == [406, 406]
        books = await api.books()
    assert [row["fault"] for row in books["requests"]] == [None, None]
