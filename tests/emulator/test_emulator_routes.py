import base64
import io
import json
import uuid
from typing import Any

import anyio
import pytest
from aiohttp import web
from emulator.emulator_serving import KEY, MODEL, ball, encoded, serving, text
from PIL import Image

pytestmark = pytest.mark.anyio
V1, V2 = f"/v1/{MODEL}", f"/v2/{MODEL}"
GOOD = {"image": text(ball())}
BOMB = text(encoded(Image.new("1", (10_000, 5_000))))  # 50 megapixels in a few kB


@pytest.mark.parametrize("version", [1, 2])
async def test_each_refusal_has_its_status_and_costs_nothing(version: int) -> None:
    path = f"/v{version}/{MODEL}"
    table: list[tuple[int, str, str, dict[str, Any]]] = [
        (401, path, "Unauthorized", {"json": GOOD, "headers": {}}),
        (401, path, "Unauthorized", {"json": GOOD, "headers": {"Authorization": "Bearer SG_1"}}),
        (404, "/v1/sam-4d", "does not exist", {"json": GOOD}),
        (404, "/nothing", "does not exist", {"json": GOOD}),
        (406, path, "Invalid content type", {"data": json.dumps(GOOD)}),
        (400, path, "not valid JSON", _raw(b"{")),
        (400, path, "image", {"json": {}}),
        (400, path, "base64", {"json": {"image": "!"}}),
        (400, path, "not a valid JPEG", {"json": {"image": text(b"GIF89a")}}),
        (400, path, "not a valid JPEG", {"json": {"image": text(ball(kind="JPEG")[:-200])}}),
        (400, path, "mask is not a valid", {"json": GOOD | {"mask": text(b"no")}}),
        (400, path, "more than 40 megapixels", {"json": {"image": BOMB}}),
        (406, path, "seed", {"json": GOOD | {"seed": 1_000_001}}),
        (406, path, "bounding_box", {"json": GOOD | {"bounding_box": [1, 2, 3, 4]}}),
        (413, path, "too large", _raw(b" " * (32 * 2**20 + 1))),
    ]
    async with serving() as api:
        for status, where, words, options in table:
            answer = await api.call("POST", where, **options)
            assert (answer.status, list(answer.json)) == (status, ["error"]), (status, words)
            assert words in answer.json["error"]
        books = await api.books()
    assert (books["spent_micro"], books["held_micro"]) == (0, 0)


def _raw(body: bytes) -> dict[str, Any]:
    return {"data": io.BytesIO(body), "headers": KEY | {"Content-Type": "application/json"}}


async def test_a_wrong_verb_is_answered_in_html() -> None:
    async with serving() as api:
        for path in (V1, V2):
            answer = await api.call("GET", path)
            assert answer.status == 405
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["allow"] == "POST"
            assert b"<h1>" in answer.body


async def test_a_blocking_call_answers_the_model_itself() -> None:
    async with serving() as api:
        answer = await api.make(seed=7)
    assert answer.status == 200
    assert answer.body.startswith(b"glTF")
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["x-cost"] == "0.0627"  # 33 s x 0.0019
    assert answer.headers["x-remaining-credits"] == "9.9373"  # 10 - 0.0627
    assert answer.headers["x-generation-time"] == "33.000"
    assert answer.headers["x-seed-value"] == "7"
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4
    assert answer.headers["date"].endswith("GMT")


async def test_data_uris_and_urls_are_taken_too() -> None:
    async def picture(request: web.Request) -> web.Response:
        assert "x-api-key" not in request.headers
        return web.Response(body=ball())

    app = web.Application()
    app.router.add_get("/ball.png", picture)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    where = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with serving() as api:
        plain = await api.make()
        data = await api.make(image="data:image/png;base64," + text(ball()))
        url = await api.make(image=f"{where}/ball.png")
        lost = await api.make(image=f"{where}/lost.png")
    await runner.cleanup()
    assert (data.body, url.body) == (plain.body, plain.body)
    assert (lost.status, lost.json["error"][:28]) == (400, "image could not be fetched: ")


async def test_a_submit_is_queued_worked_on_and_completed() -> None:
    async with serving() as api:
        submitted = await api.make(version=2)
        request_id = submitted.json["request_id"]
        assert submitted.status == 200
        assert submitted.json == {
            "request_id": request_id,
            "status": "QUEUED",
            "poll_url": f"{api.url}/v1/requests/{request_id}",
            "status_url": f"{api.url}/v2/requests/{request_id}/status",
            "response_url": f"{api.url}/v2/requests/{request_id}",
        }
        response = await api.finish(request_id)
        status = await api.call("GET", submitted.json["status_url"])
        polled = await api.call("GET", submitted.json["poll_url"])
        file = await api.call("GET", response.json["output"], headers={})
    assert status.json == {
        "status": "COMPLETED",
        "request_id": request_id,
        "metrics": {"inference_time": 33.0},
    }
    assert response.json == polled.json
    assert (response.json["status"], response.json["error"]) == ("COMPLETED", None)
    metrics = response.json["metrics"]
    assert (metrics["cost"], metrics["remaining_credits"]) == (0.0627, 9.9373)
    assert metrics["inference_time"] == 33.0
    assert 0 <= metrics["queue_time"] <= metrics["total_time"]
    assert file.headers["content-type"] == "model/gltf-binary"
    assert file.body.startswith(b"glTF")


async def test_one_worker_takes_one_after_the_other() -> None:
    async with serving(workers=1, speed=0.01) as api:
        first = (await api.make(version=2)).json["request_id"]
        second = (await api.make(version=2)).json["request_id"]

        async def begun() -> bool:
            status = await api.call("GET", f"/v2/requests/{first}/status")
            return bool(status.json["status"] == "PROCESSING")

        await api.until(begun)
        for path in (f"/v2/requests/{second}/status", f"/v2/requests/{second}"):
            queued = await api.call("GET", path)
            assert (queued.status, queued.json["status"]) == (200, "QUEUED")
            assert queued.json["metrics"] == {}


async def test_a_run_that_fails_is_422_in_v2_and_500_in_v1_and_not_billed() -> None:
    other_size = text(ball(size=32))
    async with serving() as api:
        submitted = await api.make(version=2, mask=other_size)
        assert submitted.status == 200
        failed = await api.finish(submitted.json["request_id"])
        status = await api.call("GET", submitted.json["status_url"])
        blocking = await api.make(mask=other_size)
        books = await api.books()
    assert (failed.status, status.status) == (422, 422)
    assert failed.json["status"] == "FAILED"
    assert "same size" in failed.json["error"]
    assert (blocking.status, "same size" in blocking.json["error"]) == (500, True)
    assert (books["spent_micro"], books["held_micro"]) == (0, 0)


async def test_a_record_expires() -> None:
    times = [1_900_000_000.0]
    async with serving(now=lambda: times[-1], record_lifetime=3600.0) as api:
        request_id = (await api.make(version=2)).json["request_id"]
        await api.finish(request_id)
        times.append(times[0] + 3599.9)
        assert (await api.call("GET", f"/v2/requests/{request_id}")).status == 200
        times.append(times[0] + 3600)
        expired = await api.call("GET", f"/v2/requests/{request_id}")
    assert expired.status == 404
    assert expired.json == {"error": f"Request {request_id} not found"}


async def test_polls_want_a_key_and_a_known_id() -> None:
    async with serving(key="SG_right") as api:
        right = {"x-api-key": "SG_right"}
        for path in ("/v2/requests/x", "/v2/requests/x/status", "/v1/requests/x"):
            assert (await api.call("GET", path)).status == 401
            unknown = await api.call("GET", path, headers=right)
            assert (unknown.status, unknown.json) == (404, {"error": "Request x not found"})
        assert (await api.call("GET", "/v1/get-user-credits")).status == 401
        assert (await api.call("GET", "/v1/get-user-credits", headers=right)).status == 200
        assert (await api.call("POST", V1, json=GOOD, headers=right)).status == 200


async def test_beyond_the_rate_limit_comes_429_until_the_reset() -> None:
    times = [1_893_456_000.0]  # 2030-01-01T00:00:00Z
    async with serving(now=lambda: times[-1], requests_per_minute=2) as api:
        statuses = [(await api.make(version=2)).status for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        refused = await api.make()
        assert refused.headers["x-rate-limit-reset-at-utc"] == "2030-01-01T00:01:00.000Z"
        assert "retry-after" not in refused.headers
        times.append(times[0] + 60)
        again = await api.make()
        assert again.headers["x-rate-limit-reset-at-utc"] == "2030-01-01T00:02:00.000Z"
        books = await api.books()
    assert books["statuses"] == {"200": 3, "429": 3}


@pytest.mark.parametrize("name", ["x.glb", "..%2fbooks.sqlite", "%2e%2e%2fbooks.sqlite", "A" * 36])
async def test_only_results_are_files(name: str) -> None:
    async with serving() as api:
        assert (await api.call("GET", f"/files/{name}")).status == 404


async def test_the_books_tell_each_request_and_take_a_limit() -> None:
    async with serving() as api:
        await api.make(seed=5)
        await api.make(seed=-1)
        books = await api.books()
        one = await api.call("GET", "/emulator/books?limit=1")
        bad = await api.call("GET", "/emulator/books?limit=-1")
    assert [row["http"] for row in books["requests"]] == [406, 200]
    done = books["requests"][1]
    assert (done["seed"], done["status"], done["billed_micro"]) == (5, "COMPLETED", 62_700)
    assert (done["version"], len(done["image_sha256"]), len(done["body_sha256"])) == (1, 64, 64)
    assert (books["max_in_flight"], books["in_flight"], books["submits"]) == (1, 0, 2)
    assert books["statuses"] == {"200": 1, "406": 1}
    assert len(one.json["requests"]) == 1
    assert bad.status == 400


async def test_a_top_up_adds_to_the_account() -> None:
    async with serving(credits_micro=0) as api:
        answer = await api.call("POST", "/emulator/top-up", json={"credits": 2.0})
        assert answer.json == {"balance_micro": 2_000_000}
        balance = await api.call("GET", "/v1/get-user-credits")
        assert balance.json == {"credits": 2.0, "free-credits": 0.0}
        refusals: list[Any] = [{}, [], {"credits": "many"}, {"credits": -1}, {"credits": 1e-7}]
        for body in refusals:
            refused = await api.call("POST", "/emulator/top-up", json=body)
            assert refused.status == 400
        assert (await api.call("POST", "/emulator/top-up", data=b"{}")).status == 406


async def test_many_calls_at_once_are_all_served() -> None:
    pictures = [text(ball(colour)) for colour in ("red", "green", "blue")]
    answers: list[int] = []
    async with serving(workers=16) as api:

        async def one(number: int) -> None:
            answers.append((await api.make(image=pictures[number % 3])).status)

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(one, number)
        books = await api.books()
    assert answers == [200] * 100
    assert books["spent_micro"] == 100 * 62_700
    digests = {row["image_sha256"] for row in books["requests"]}
    assert len(digests) == len({base64.b64decode(picture) for picture in pictures})
