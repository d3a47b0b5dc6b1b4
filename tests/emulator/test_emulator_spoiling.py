import asyncio
import gzip
import json
import zlib
from urllib.parse import urlsplit

import aiohttp
import pytest
from emulator.emulator_serving import KEY, MODEL, Api, ball, last, struck, text

pytestmark = pytest.mark.anyio
PRICE = 62_700  # 33 s x 1900 micro-credits
BODY = json.dumps({"image": text(ball())}).encode()
VERSIONS = pytest.mark.parametrize("version", [1, 2])


async def raw(api: Api, version: int = 1) -> bytes:
    """Submit over a connection of its own, and give every byte up to its end."""
    head = (
        f"POST /v{version}/{MODEL} HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    parts = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head.encode() + BODY)
    try:
        return await reader.read()
    finally:
        writer.close()


@VERSIONS
@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_that_fails_afterwards_hides_a_bill(status: int, version: int) -> None:
    async with struck(f"{status}-after#1") as api:
        answer = await api.make(version)
        row = await last(api)
    assert answer.status == row["http"] == status
    assert (row["status"], row["billed_micro"]) == ("COMPLETED", PRICE)


@VERSIONS
async def test_a_dropped_answer_was_billed(version: int) -> None:
    async with struck("drop-after#1") as api:
        assert await raw(api, version) == b""
        row = await last(api)
    assert (row["status"], row["http"], row["billed_micro"]) == ("COMPLETED", 0, PRICE)


@pytest.mark.parametrize(
    ("kind", "status", "http"),
    [("502-after", 502, 502), ("504-after", 504, 504), ("html", 500, 500)],
)
async def test_a_spoilt_answer_to_work_that_failed_hides_no_bill(
    kind: str, status: int, http: int
) -> None:
    other_size = text(ball(size=32))  # a mask of another size than the picture's fails the work
    async with struck(f"{kind}#1,2") as api:
        answers = [await api.make(version, mask=other_size) for version in (1, 2)]
        await last(api)
        rows = (await api.books())["requests"]
        history = (await api.call("GET", "/inference-request/request-history")).json["results"]
    submitted = 200 if kind == "html" else status
    assert [answer.status for answer in answers] == [status, submitted]
    assert [row["http"] for row in reversed(rows)] == [http, submitted]
    assert {(row["status"], row["fault"], row["billed_micro"]) for row in rows} == {
        ("FAILED", kind, 0)
    }
    assert {(row["model_status"], row["credits_deduction"]) for row in history} == {("FAILED", 0.0)}


@VERSIONS
async def test_a_cut_body_is_short_of_its_length(version: int) -> None:
    async with struck("cut#1,2") as api:
        head, _, body = (await raw(api, version)).partition(b"\r\n\r\n")
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.make(version)
        row = await last(api)
    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    assert int(lengths[0].split()[1]) // 2 == len(body)
    assert (row["http"], row["billed_micro"]) == (200, PRICE)


async def test_a_bare_cut_body_does_not_show() -> None:
    async with struck("cut-bare#1") as api:
        cut, whole = await api.make(), await api.make()
    assert cut.status == 200
    assert "content-length" not in cut.headers
    assert "transfer-encoding" not in cut.headers
    assert cut.headers["x-cost"] == "0.0627"
    assert cut.body == whole.body[: len(whole.body) // 2]


async def test_a_cut_gzip_stream_is_whole_http() -> None:
    async with struck("cut-gzip#1") as api:
        head, _, body = (await raw(api)).partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert body.startswith(b"\x1f\x8b")
    with pytest.raises(EOFError):
        gzip.decompress(body)


async def test_a_gzip_bomb_is_small_and_unpacks_large() -> None:
    async with struck("gzip-bomb=20#1") as api:
        head, _, body = (await raw(api)).partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert len(body) < 200_000
    assert len(zlib.decompress(body, wbits=31)) == 20 * 2**20


async def test_a_trickle_gives_few_bytes_in_a_long_time_and_was_billed() -> None:
    async with struck("trickle=0.01#1", "poll-trickle=0.01#1") as api:
        for path, method in ((f"/v1/{MODEL}", "POST"), ("/v2/requests/{id}", "GET")):
            if method == "GET":
                path = path.format(id=(await api.make(2)).json["request_id"])  # noqa: PLW2901
            options = {"headers": KEY} | ({"json": json.loads(BODY)} if method == "POST" else {})
            async with api.session.request(method, api.url + path, **options) as answer:
                assert answer.status == 200
                assert answer.content_length is not None
                pieces = [await answer.content.read(1) for _ in range(3)]
                assert b"".join(pieces) in (b"glT", b'{"s')
                answer.close()
        assert (await api.books())["requests"][-1]["billed_micro"] == PRICE


async def test_huge_headers_are_huge() -> None:
    async with struck("huge-headers=40000#1") as api:
        head, _, body = (await raw(api)).partition(b"\r\n\r\n")
    assert len(head) > 40_000
    assert body.startswith(b"glTF")


@VERSIONS
@pytest.mark.parametrize(
    ("kind", "start", "content_type"),
    [
        ("html", b"<!doctype html>", "text/html; charset=utf-8"),
        ("jpeg", b"\xff\xd8\xff", "image/jpeg"),
        ("empty", b"", None),
        ("error-200", b'{"status": "error", "error"', "application/json"),
        ("unknown-json", b'{"task"', "application/json"),
    ],
)
async def test_a_useless_answer_is_a_200_and_billed(
    kind: str, start: bytes, content_type: str | None, version: int
) -> None:
    async with struck(f"{kind}#1") as api:
        answer = await api.make(version)
        row = await last(api)
    assert answer.status == 200
    assert answer.body.startswith(start)
    assert (answer.body == b"") == (kind == "empty")
    assert content_type in (None, answer.headers["content-type"])
    assert ("x-cost" in answer.headers) == (version == 1)
    assert (row["status"], row["billed_micro"]) == ("COMPLETED", PRICE)


@pytest.mark.parametrize(("kind", "cost"), [("failed", 0), ("failed-billed", PRICE)])
async def test_a_call_that_is_worked_on_and_fails(kind: str, cost: int) -> None:
    async with struck(f"{kind}#1,2") as api:
        submitted = await api.make(2)
        failed = await api.finish(submitted.json["request_id"])
        blocking = await api.make(1)
        books = await api.books()
    assert (submitted.status, failed.status, failed.json["status"]) == (200, 422, "FAILED")
    assert failed.json["metrics"].get("cost", 0) == cost / 1e6
    assert (blocking.status, "x-cost" in blocking.headers) == (500, cost > 0)
    assert [row["billed_micro"] for row in books["requests"]] == [cost, cost]
    assert (books["spent_micro"], books["held_micro"]) == (2 * cost, 0)
