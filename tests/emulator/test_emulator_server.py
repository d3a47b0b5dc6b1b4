import socket
from pathlib import Path

import aiohttp
import anyio
import pytest
from emulator.emulator_serving import serving

from pipeline.emulator.books import Books
from pipeline.emulator.faults import Fault
from pipeline.emulator.server import PortInUseError, serve
from pipeline.emulator.settings import Settings

pytestmark = pytest.mark.anyio
PRICE = 62_700  # 33 s x 1900 micro-credits


async def test_a_restart_keeps_account_links_ids_and_port(tmp_path: Path) -> None:
    async with serving(books=tmp_path) as api:
        request_id = (await api.make(version=2)).json["request_id"]
        before = await api.finish(request_id)
        url = api.url
    async with serving(books=tmp_path, credits_micro=99) as api:
        assert api.url == url
        after = await api.call("GET", f"/v2/requests/{request_id}")
        file = await api.call("GET", after.json["output"], headers={})
        books = await api.books()
    assert after.json == before.json
    assert file.body.startswith(b"glTF")
    assert books["balance_micro"] == 10_000_000 - PRICE


async def test_what_a_stop_left_open_is_finished_or_given_up_unbilled(tmp_path: Path) -> None:
    async with serving(books=tmp_path, speed=0.01, workers=1) as api:
        running = (await api.make(version=2)).json["request_id"]
        queued = (await api.make(version=2)).json["request_id"]
    with Books.open(tmp_path, 0) as books:
        assert books.held == 2 * PRICE
    async with serving(books=tmp_path) as api:
        for request_id in (running, queued):
            assert (await api.finish(request_id)).json["status"] == "COMPLETED"
        assert (await api.books())["spent_micro"] == 2 * PRICE


async def test_a_blocking_call_that_a_stop_cut_off_is_given_up(tmp_path: Path) -> None:
    async with (
        serving(books=tmp_path, speed=0.01) as api,
        anyio.create_task_group() as group,
    ):
        group.start_soon(api.make)

        async def admitted() -> bool:
            return bool((await api.books())["in_flight"] == 1)

        await api.until(admitted)
        group.cancel_scope.cancel()
    async with serving(books=tmp_path) as api:
        books = await api.books()
    assert (books["held_micro"], books["spent_micro"]) == (0, 0)
    assert (books["requests"][0]["status"], books["requests"][0]["http"]) == ("FAILED", 0)


async def test_a_port_in_use_is_said() -> None:
    async with serving() as api:
        port = int(api.url.rpartition(":")[2])
        with pytest.raises(PortInUseError, match=str(port)):
            await serve(Settings(port=port), ready=print)


async def test_a_port_that_is_taken_while_it_was_down_is_said() -> None:
    down = Settings(port=0, faults=(Fault.parse("down=0.5#1"),))
    send, receive = anyio.create_memory_object_stream[str](1)

    async def take_the_port() -> None:
        url = await receive.receive()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(f"{url}/v1/sam-3d-objects", json={})
        port = int(url.rpartition(":")[2])
        with socket.create_server(("127.0.0.1", port)):
            await ended.wait()

    ended = anyio.Event()
    with send, receive:
        async with anyio.create_task_group() as group:
            group.start_soon(take_the_port)
            with pytest.raises(PortInUseError, match="Address already in use"):
                await serve(down, ready=send.send_nowait)
            ended.set()
