import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

import pytest
from raw_server import Act, Server, hang_up, raw_server, redirect, reply, says

from pipeline.api.classify import Means
from pipeline.api.client import Client
from pipeline.api.endpoint import Endpoint
from pipeline.api.transport import http
from pipeline.api.upload import FileUpload
from pipeline.errors import ApiError, BrokenConnectionError, UsageError
from pipeline.retry import FREE_TRIES

KEY = "SG_0123456789abcdef"
RUNNING = reply(200, b'{"status":"PROCESSING","request_id":"r1","metrics":{}}')
DONE = reply(200, b'{"status":"COMPLETED","request_id":"r1","metrics":{"cost":0.065}}')


@dataclass
class Naps:
    """Sleeps that take no time, and are remembered."""

    seconds: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def client(
    server: Server, protocol: str = "v2", naps: Naps | None = None, key: str = KEY
) -> AsyncIterator[Client]:
    url = f"{server.url}/{protocol}/sam-3d-objects"
    endpoint = Endpoint(url, protocol, key, 20.0, f"{server.url}/v1/get-user-credits")
    async with http(user_agent="tests") as transport:
        yield Client(transport, endpoint, (naps or Naps()).sleep)


async def resulted(one: Client) -> Means:
    async with one.result("r1", 60.0) as (meaning, _):
        return meaning.means


async def submitted(of: Client) -> tuple[Means, str]:
    async with of.submit(FileUpload(BytesIO(b"{}"), 2)) as answer:
        meaning = await of.understand(answer)
    return meaning.means, meaning.message


async def downloaded(of: Client, url: str) -> bytes:
    async with of.download(url) as answer:
        return b"".join([piece async for piece in answer.pieces(1 << 20)])


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 401, 406, 429, 500, 502, 503, 504, 999, 302])
async def test_a_submit_is_never_repeated_whatever_its_status(status: int) -> None:
    async with raw_server(reply(status, b'{"error":"no"}')) as server, client(server) as one:
        await submitted(one)
    assert [request.line for request in server.requests] == ["POST /v2/sam-3d-objects HTTP/1.1"]


@pytest.mark.anyio
async def test_a_submit_is_never_repeated_when_its_connection_breaks() -> None:
    naps = Naps()
    async with raw_server(hang_up) as server, client(server, naps=naps) as one:
        with pytest.raises(BrokenConnectionError):
            await submitted(one)
    assert len(server.requests) == 1
    assert naps.seconds == []


@pytest.mark.anyio
async def test_a_submits_redirect_is_not_followed_and_its_target_sees_nothing() -> None:
    async with (
        raw_server(reply(200)) as elsewhere,
        raw_server(redirect(307, f"{elsewhere.url}/v2/sam-3d-objects")) as server,
        client(server) as one,
    ):
        means, message = await submitted(one)
        assert means is Means.REFUSED
        assert elsewhere.url in message
        assert elsewhere.requests == []


@pytest.mark.anyio
async def test_v1_is_billed_by_its_headers_before_a_byte_of_the_body_is_there() -> None:
    head = b"HTTP/1.1 200 OK\r\nx-cost: 0.065\r\nx-request-id: r9\r\nContent-Length: 9\r\n\r\n"
    async with raw_server(says(head)) as server, client(server, "v1") as one:  # noqa: SIM117
        async with one.submit(FileUpload(BytesIO(b"{}"), 2)) as answer:
            meaning = await one.understand(answer)
            assert (meaning.means, meaning.receipt.credits) == (Means.RECEIVED, 65_000)
            assert meaning.receipt.request_id == "r9"
            with pytest.raises(BrokenConnectionError):
                [piece async for piece in answer.pieces(9)]


@pytest.mark.anyio
async def test_what_was_read_to_understand_an_answer_is_still_there_to_be_kept() -> None:
    body = b"<html>" + bytes(3000)
    async with raw_server(reply(200, body)) as server, client(server) as one:  # noqa: SIM117
        async with one.submit(FileUpload(BytesIO(b"{}"), 2)) as answer:
            assert (await one.understand(answer)).means is Means.RECEIVED
            assert b"".join([piece async for piece in answer.pieces(9999)]) == body


@pytest.mark.anyio
async def test_a_gzipped_id_is_read() -> None:
    body = gzip.compress(b'{"request_id":"r1","status":"QUEUED"}')
    async with (
        raw_server(reply(200, body, content_encoding="gzip")) as server,
        client(server) as one,
    ):
        assert (await submitted(one))[0] is Means.ACCEPTED


@pytest.mark.anyio
async def test_polls_and_results_go_to_the_apis_own_host_with_the_key() -> None:
    async with raw_server(RUNNING, DONE, DONE) as server, client(server) as one:
        assert (await one.poll("r1")).means is Means.RUNNING
        assert (await one.poll("r1")).means is Means.READY
        async with one.result("r1", 60.0) as (meaning, answer):
            assert meaning.means is Means.RECEIVED
            assert answer is not None
            body = b"".join([piece async for piece in answer.pieces(9999)])
        assert json.loads(body)["status"] == "COMPLETED"
    assert [request.line for request in server.requests] == [
        "GET /v2/requests/r1/status HTTP/1.1",
        "GET /v2/requests/r1/status HTTP/1.1",
        "GET /v2/requests/r1 HTTP/1.1",
    ]
    assert {request.headers["x-api-key"] for request in server.requests} == {KEY}


@pytest.mark.parametrize(
    ("url", "requests_url"),
    [
        ("https://h/v2/sam-3d-objects", "https://h/v2/requests"),
        ("https://h/v1/sam-3d-objects", "https://h/v2/requests"),
        ("https://h:8443/gate/v2/sam-3d-objects", "https://h:8443/gate/v2/requests"),
    ],
)
def test_v2s_requests_stand_beside_the_model(url: str, requests_url: str) -> None:
    assert Endpoint(url, "v2", KEY, 1.0).requests_url == requests_url


@pytest.mark.anyio
@pytest.mark.parametrize("request_id", ["a/../../x", "a?b", "a#b", "a b", "ä"])
async def test_an_id_is_one_step_of_the_path(request_id: str) -> None:
    async with raw_server(RUNNING) as server, client(server) as one:
        await one.poll(request_id)
    path = server.requests[0].line.split(" ")[1]
    assert path.startswith("/v2/requests/")
    assert path.endswith("/status")
    assert path.count("/") == 4


FAULTS: dict[str, Act] = {
    "500": reply(500),
    "502": reply(502, b"<html>Bad Gateway</html>"),
    "429": reply(429),
    "hung up": hang_up,
    "no HTTP": says(b"what?\r\n\r\n"),
    "HTML": reply(200, b"<html></html>"),
    "a list": reply(200, b"[]"),
    "deep JSON": reply(200, b'{"status":' * 99_999),
    "a redirect": redirect(302, "/elsewhere"),
}
ODD = {"a list", "deep JSON"}  # as a result they are one that nobody understands


@pytest.mark.anyio
@pytest.mark.parametrize("fault", sorted(ODD))
async def test_a_result_that_is_odd_is_a_result(fault: str) -> None:
    async with raw_server(FAULTS[fault]) as server, client(server) as one:
        assert await resulted(one) is Means.RECEIVED
        assert (await one.poll("r1")).means is Means.AGAIN


@pytest.mark.anyio
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - ODD))
async def test_a_result_is_asked_for_again_after(fault: str) -> None:
    naps = Naps()
    async with raw_server(FAULTS[fault], RUNNING) as server, client(server, naps=naps) as one:
        assert await resulted(one) is Means.RUNNING
    # a broken GET is repeated once by the HTTP library itself, without a nap
    assert len(server.requests) == 2
    assert len(naps.seconds) == (0 if fault == "hung up" else 1)


@pytest.mark.anyio
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - ODD))
async def test_free_calls_end_after_their_tries(fault: str) -> None:
    naps = Naps()
    async with raw_server(FAULTS[fault]) as server, client(server, naps=naps) as one:
        assert (await one.poll("r1")).means in {Means.AGAIN, Means.LIMITED}
        assert await resulted(one) in {Means.AGAIN, Means.LIMITED}
    # a poll is asked once: whoever follows a request asks again
    calls = (1 + FREE_TRIES) * (2 if fault == "hung up" else 1)
    assert len(server.requests) == calls
    assert len(naps.seconds) == FREE_TRIES - 1
    assert all(0 <= seconds <= 15 for seconds in naps.seconds)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "means"),
    [
        (401, Means.REFUSED),
        (404, Means.EXPIRED),
        (403, Means.GIVE_UP),
        (422, Means.FAILED),
    ],
)
async def test_a_poll_that_is_answered_for_good_is_not_repeated(status: int, means: Means) -> None:
    body = b'{"status":"FAILED","error":"x"}' if status == 422 else b'{"error":"x"}'
    async with raw_server(reply(status, body)) as server, client(server) as one:
        assert (await one.poll("r1")).means is means
    assert len(server.requests) == 1


WHOLE = b'{"status":"COMPLETED","output":"%s","metrics":{"cost":0.07}}'


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "credits"),
    [
        (WHOLE % (b"Z2xURg" * 500_000), 70_000),  # 3 MB of JSON: read whole, its bill with it
        (WHOLE % (b"A" * (64 << 20)), None),  # more than is read: it is received, and kept
        (b"glTF" + bytes(3 << 20), None),  # no JSON: its head is enough
    ],
    ids=["JSON", "vast JSON", "a model"],
)
async def test_a_large_result_is_understood_and_none_of_it_is_lost(
    body: bytes, credits: int | None
) -> None:
    async with (
        raw_server(reply(200, body)) as server,
        client(server) as one,
        one.result("r1", 60.0) as (meaning, answer),
    ):
        assert answer is not None
        sizes = [len(piece) async for piece in answer.pieces(1 << 30)]
    assert (meaning.means, meaning.receipt.credits) == (Means.RECEIVED, credits)
    assert sum(sizes) == len(body)


@pytest.mark.anyio
async def test_the_balance_is_read_exactly_after_a_fault() -> None:
    answer = reply(200, b'{"credits": 9.5, "free-credits": 0.0184921035}')
    async with raw_server(reply(503), answer) as server, client(server) as one:
        assert await one.balance() == 9_518_492  # 9,500,000 + 18,492.1
    assert server.requests[1].line == "GET /v1/get-user-credits HTTP/1.1"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "act", [reply(200, b"[]"), reply(403), reply(404), reply(500), reply(200, b'{"credits":"x"}')]
)
async def test_a_balance_that_cannot_be_read_is_none(act: Act) -> None:
    async with raw_server(act) as server, client(server) as one:
        assert await one.balance() is None
    assert len(server.requests) <= FREE_TRIES


@pytest.mark.anyio
async def test_a_balance_refused_for_its_key_raises() -> None:
    async with raw_server(reply(401, f'{{"error":"{KEY}"}}'.encode())) as server:
        async with client(server) as one:
            with pytest.raises(ApiError, match="the API key is missing or wrong") as raised:
                await one.balance()
        assert KEY not in str(raised.value)


@pytest.mark.anyio
async def test_a_download_follows_five_redirects_over_hosts_without_the_key() -> None:
    async with raw_server(reply(200, b"glTF")) as last:
        async with raw_server(
            redirect(301, "/2"),
            redirect(302, "3?a=b%2Fc"),
            redirect(303, "//127.0.0.1:PORT/4"),
            redirect(307, "/5"),
            redirect(308, f"{last.url}/6"),
        ) as server:
            server.acts[2] = redirect(303, f"//127.0.0.1:{server.port}/4")
            async with client(server) as one:
                assert await downloaded(one, f"{server.url}/1") == b"glTF"
        requests = [*server.requests, *last.requests]
    assert [request.line[:6] for request in requests] == [f"GET /{n}" for n in range(1, 7)]
    assert not any("x-api-key" in request.headers for request in requests)
    assert KEY not in repr(requests)


@pytest.mark.anyio
async def test_a_download_that_goes_in_circles_ends_after_five_redirects() -> None:
    async with raw_server(redirect(302, "/again")) as server, client(server) as one:
        with pytest.raises(ApiError, match="more than 5 redirects") as raised:
            await downloaded(one, server.url)
    assert raised.value.kind == "download_failed"
    assert len(server.requests) == 6


@pytest.mark.anyio
@pytest.mark.parametrize(
    "to", ["", "ftp://h/x", "file:///etc/passwd", "http://[::1", "javascript:x", "data:,x"]
)
async def test_a_redirect_to_no_web_address_is_not_followed(to: str) -> None:
    async with raw_server(redirect(302, to)) as server, client(server) as one:
        with pytest.raises(ApiError, match="redirects to no web address"):
            await downloaded(one, server.url)
    assert len(server.requests) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (reply(403), "link_dead"),
        (reply(404), "link_dead"),
        (reply(410), "link_dead"),
        (reply(401), "download_failed"),
        (reply(500), "download_failed"),
        (reply(206, b"part"), "download_failed"),
        (hang_up, "connection_broke"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"), "connection_broke"),
    ],
)
async def test_a_download_says_whether_a_later_try_is_worth_it(act: Act, kind: str) -> None:
    async with raw_server(act) as server, client(server) as one:
        with pytest.raises(ApiError) as raised:
            await downloaded(one, server.url)
    assert raised.value.kind == kind


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 307, 400, 401, 406, 422, 500, 504, 999])
async def test_an_answer_that_quotes_the_key_does_not_make_it_seen(status: int) -> None:
    spelt = "".join(f"\\u{ord(char):04x}" for char in KEY)
    for said in (KEY, spelt, "x" * 290 + KEY):
        body = json.dumps({"status": "FAILED", "error": "?"}).replace("?", said).encode()
        async with (
            raw_server(reply(status, body, location=f"/{KEY}")) as server,
            client(server) as one,
            one.submit(FileUpload(BytesIO(b"{}"), 2)) as answer,
        ):
            meaning = await one.understand(answer)
        assert "SG_01234" not in repr(meaning)


@pytest.mark.anyio
async def test_headers_and_metrics_that_quote_the_key_do_not_make_it_seen() -> None:
    spelt = "".join(f"\\u{ord(char):04x}" for char in KEY)
    body = f'{{"request_id":"r1","metrics":{{"{spelt}":"{spelt}"}}}}'.encode()
    act = reply(200, body, x_request_id=KEY, x_generation_time=KEY)
    async with (
        raw_server(act) as server,
        client(server) as one,
        one.submit(FileUpload(BytesIO(b"{}"), 2)) as answer,
    ):
        assert KEY not in repr(await one.understand(answer))


@pytest.mark.parametrize("key", ["", "a b", "a\r\nx-evil: 1", "schlüssel", "x" * 5000, "\x00"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(UsageError) as raised:
        Endpoint("https://h/v1/x", "v1", key, 1.0)
    assert not key or key not in str(raised.value)


def test_an_endpoint_does_not_show_its_key() -> None:
    assert KEY not in repr(Endpoint("https://h/v1/x", "v1", KEY, 1.0))
