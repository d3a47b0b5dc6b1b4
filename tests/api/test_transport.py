import gzip
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO

import anyio
import pytest
from anyio.abc import SocketStream
from raw_server import (
    Act,
    dribble,
    hang,
    hang_up,
    listening,
    raw_server,
    received,
    redirect,
    reply,
    reset,
    says,
    then_hang,
    then_reset,
    trickle,
)

from pipeline.api.transport import AiohttpTransport, Request, http
from pipeline.api.upload import FileUpload
from pipeline.errors import AnswerTooLargeError, BrokenConnectionError, NoConnectionError

KEY = "SG_0123456789abcdef"
OK = b"HTTP/1.1 200 OK\r\n"
MOST = 1 << 20


@pytest.fixture
async def transport(
    anyio_backend: tuple[str, dict[str, bool]],
) -> AsyncIterator[AiohttpTransport]:
    assert anyio_backend == ("asyncio", {"use_uvloop": True})
    async with http(user_agent="tests") as opened:
        yield opened


def post(url: str, seconds: float = 20.0) -> Request:
    return Request(
        "POST", f"{url}/v1/model", seconds, FileUpload(BytesIO(b'{"image":"x"}'), 13), KEY
    )


async def whole(transport: AiohttpTransport, request: Request) -> tuple[int, bytes]:
    async with transport.send(request) as answer:
        return answer.status, b"".join([piece async for piece in answer.pieces(MOST)])


async def free_port() -> int:
    async with raw_server(hang) as server:
        return server.port


@pytest.mark.anyio
async def test_a_whole_answer_is_given_with_lower_case_headers_of_repeated_ones_the_first(
    transport: AiohttpTransport,
) -> None:
    act = says(OK + b"X-Cost: 1\r\nx-cost: 2\r\nContent-Length: 4\r\n\r\n", b"bo", b"dy")
    async with raw_server(act) as server, transport.send(post(server.url)) as answer:
        assert answer.status == 200
        assert answer.headers["x-cost"] == "1"
        assert [piece async for piece in answer.pieces(MOST)]
    sent = server.requests[0]
    assert sent.line == "POST /v1/model HTTP/1.1"
    assert sent.body == b'{"image":"x"}'
    assert sent.headers["x-api-key"] == KEY
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["content-type"] == "application/json"


@pytest.mark.anyio
async def test_an_answer_that_is_said_twice_is_not_taken_for_another_requests(
    transport: AiohttpTransport,
) -> None:
    async def serve_twice(stream: SocketStream) -> None:
        while True:
            path = (await received(stream)).line.split()[1]
            for _ in range(2):
                await stream.send(OK + b"Content-Length: 2\r\n\r\n" + path.encode())
                await anyio.sleep(0.05)

    async with listening(serve_twice) as port:
        for path in ("/a", "/b", "/c"):
            get = Request("GET", f"http://127.0.0.1:{port}{path}", 20.0)
            assert await whole(transport, get) == (200, path.encode())
            await anyio.sleep(0.1)


@pytest.mark.anyio
async def test_no_connection_was_made_where_nobody_listens(transport: AiohttpTransport) -> None:
    port = await free_port()
    with pytest.raises(NoConnectionError):
        await whole(transport, post(f"http://127.0.0.1:{port}"))


@pytest.mark.anyio
async def test_no_connection_was_made_where_no_address_of_several_answers(
    transport: AiohttpTransport,
) -> None:
    port = await free_port()
    with pytest.raises(NoConnectionError):
        await whole(transport, post(f"http://localhost:{port}"))


@pytest.mark.anyio
async def test_an_address_that_refuses_leaves_the_others_to_be_tried(
    transport: AiohttpTransport,
) -> None:
    async with raw_server(reply(200, b"body")) as server:
        assert await whole(transport, post(f"http://localhost:{server.port}")) == (200, b"body")
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_connection_that_broke_counts_though_another_address_refused_before(
    transport: AiohttpTransport,
) -> None:
    async with raw_server(hang_up) as server:
        with pytest.raises(BrokenConnectionError):
            await whole(transport, post(f"http://localhost:{server.port}"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    ["http://no-such-host.invalid", "http://", "http://[::1", "ftp://h", "http://127.0.0.1:99999"],
)
async def test_no_connection_was_made_to_what_is_no_host(
    transport: AiohttpTransport, url: str
) -> None:
    with pytest.raises(NoConnectionError):
        await whole(transport, post(url))


@pytest.mark.anyio
async def test_a_server_that_speaks_no_tls_was_not_connected_to(
    transport: AiohttpTransport,
) -> None:
    async def answer_plainly(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(OK + b"\r\n")

    async with listening(answer_plainly) as port:
        with pytest.raises(NoConnectionError):
            await whole(transport, post(f"https://127.0.0.1:{port}"))


@pytest.mark.anyio
async def test_a_tls_handshake_without_end_is_no_connection(transport: AiohttpTransport) -> None:
    async with raw_server(hang) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(NoConnectionError, match=r"no complete connection within 0\.2 s"):
            await whole(transport, post(url, seconds=0.2))


BREAKS: dict[str, Act] = {
    "closed without a word": hang_up,
    "reset without a word": reset,
    "closed within the status line": says(b"HTTP/1."),
    "closed within the headers": says(OK + b"X-Cost: 0.06"),
    "reset within the headers": then_reset(OK + b"X-Cost: 0.06"),
    "no HTTP at all": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a status of four digits": says(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "a header of 100 kB": says(OK + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n"),
    "a NUL in a header": says(OK + b"X-Nul: a\x00b\r\n\r\n"),
    "a negative length": says(OK + b"Content-Length: -1\r\n\r\n"),
    "two lengths": says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a body cut short of its length": says(OK + b"Content-Length: 10\r\n\r\nbody"),
    "a body reset short of its length": then_reset(OK + b"Content-Length: 10\r\n\r\nbody"),
    "a chunk cut short": says(OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nbody"),
    "chunks without their end": says(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"),
    "a chunk without a size": says(
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n"
    ),
    "a gzip cut short": reply(200, gzip.compress(b"body" * 99)[:-5], content_encoding="gzip"),
    "a gzip that goes on": reply(200, gzip.compress(b"body") + b"?", content_encoding="gzip"),
    "a gzip with a wrong sum": reply(
        200, gzip.compress(b"body")[:-8] + bytes(8), content_encoding="gzip"
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("how", BREAKS)
async def test_what_breaks_after_the_connection_may_have_been_billed_and_a_post_went_once(
    transport: AiohttpTransport, how: str
) -> None:
    async with raw_server(BREAKS[how]) as server:
        with pytest.raises(BrokenConnectionError) as raised:
            await whole(transport, post(server.url))
    assert len(server.requests) == 1
    assert KEY not in repr(raised.value)
    assert KEY not in repr((raised.value.__cause__, raised.value.__context__))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "act", [hang, then_hang(OK), then_hang(OK + b"Content-Length: 9\r\n\r\nbody"), dribble]
)
async def test_time_that_runs_out_after_the_connection_may_have_been_billed(
    transport: AiohttpTransport, act: Act
) -> None:
    async with raw_server(act) as server:
        with pytest.raises(BrokenConnectionError, match=r"no complete answer within 0\.5 s"):
            await whole(transport, post(server.url, seconds=0.5))
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_trickle_of_interim_answers_ends_with_the_time(transport: AiohttpTransport) -> None:
    async with raw_server(then_hang(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)) as server:
        with pytest.raises(BrokenConnectionError, match=r"no complete answer within 0\.5 s"):
            await whole(transport, post(server.url, seconds=0.5))


@pytest.mark.anyio
async def test_it_is_told_once_that_a_whole_answer_is_here_though_nobody_has_read_it(
    transport: AiohttpTransport,
) -> None:
    told, here = list[int](), anyio.Event()
    async with (
        raw_server(says(OK + b"Content-Length: 4\r\n\r\n", b"bo", b"dy")) as server,
        transport.send(post(server.url)) as answer,
    ):
        answer.when_whole(lambda: told.append(1))
        answer.when_whole(here.set)
        with anyio.fail_after(20):
            await here.wait()
        assert told == [1]
        assert [piece async for piece in answer.pieces(MOST)]
    assert told == [1]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(says(OK + b"Content-Length: 4\r\n\r\n", b"bod"), id="cut"),
        pytest.param(says(OK + b"\r\n", b"body"), id="ended by the connection's end"),
        pytest.param(
            says(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"), id="cut chunks"
        ),
    ],
)
async def test_nothing_is_told_of_an_answer_that_may_be_cut(
    transport: AiohttpTransport, act: Act
) -> None:
    told: list[int] = []
    async with raw_server(act) as server:
        with suppress(BrokenConnectionError):
            async with transport.send(post(server.url)) as answer:
                answer.when_whole(lambda: told.append(1))
                async for _ in answer.pieces(MOST):
                    pass
    assert told == []


@pytest.mark.anyio
async def test_an_endless_body_is_cut_at_its_cap(transport: AiohttpTransport) -> None:
    async with raw_server(trickle) as server:
        with pytest.raises(AnswerTooLargeError):
            await whole(transport, post(server.url))


@pytest.mark.anyio
async def test_a_bad_line_that_quotes_the_key_does_not_show_it(transport: AiohttpTransport) -> None:
    async with raw_server(says(f"{KEY} is your key\r\n\r\n".encode())) as server:
        with pytest.raises(BrokenConnectionError) as raised:
            await whole(transport, post(server.url))
    assert KEY not in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_request_shows_neither_key_nor_body() -> None:
    shown = repr(post("http://h"))
    assert KEY not in shown
    assert "image" not in shown


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(transport: AiohttpTransport, status: int) -> None:
    async with raw_server(reply(200)) as elsewhere:
        async with raw_server(redirect(status, elsewhere.url)) as server:
            assert (await whole(transport, post(server.url)))[0] == status
        assert elsewhere.requests == []


@pytest.mark.anyio
async def test_a_status_beyond_all_known_ones_comes_through(transport: AiohttpTransport) -> None:
    async with raw_server(reply(999, b"?")) as server:
        assert await whole(transport, post(server.url)) == (999, b"?")


@pytest.mark.anyio
async def test_an_answer_comes_through_though_the_server_has_not_read_the_request(
    transport: AiohttpTransport,
) -> None:
    async def refuse(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
        await anyio.sleep_forever()

    async with listening(refuse) as port:
        request = Request(
            "POST",
            f"http://127.0.0.1:{port}",
            20.0,
            FileUpload(BytesIO(bytes(16 << 20)), 16 << 20),
            KEY,
        )
        assert await whole(transport, request) == (401, b"no")


@pytest.mark.anyio
async def test_a_gzip_that_nobody_asked_for_is_undone(transport: AiohttpTransport) -> None:
    plain = bytes(range(256)) * 3000  # 768,000 bytes
    async with raw_server(reply(200, gzip.compress(plain), content_encoding="gzip")) as server:
        assert await whole(transport, post(server.url)) == (200, plain)


@pytest.mark.anyio
async def test_what_only_claims_to_be_gzip_comes_as_it_is(transport: AiohttpTransport) -> None:
    async with raw_server(reply(200, b"glTF....", content_encoding="gzip")) as server:
        assert await whole(transport, post(server.url)) == (200, b"glTF....")
    async with raw_server(reply(200, b"", content_encoding="gzip")) as server:
        assert await whole(transport, post(server.url)) == (200, b"")


@pytest.mark.anyio
async def test_a_gzip_bomb_is_cut_at_the_cap(transport: AiohttpTransport) -> None:
    bomb = gzip.compress(bytes(64 << 20))  # 65 kB on the wire
    async with raw_server(reply(200, bomb, content_encoding="gzip")) as server:
        with pytest.raises(AnswerTooLargeError):
            await whole(transport, post(server.url))


@pytest.mark.anyio
async def test_header_bytes_that_are_no_text_do_no_harm(transport: AiohttpTransport) -> None:
    act = says(OK + b"X-Request-Id: \xff\xfe\r\nContent-Length: 0\r\n\r\n")
    async with raw_server(act) as server:
        assert await whole(transport, post(server.url)) == (200, b"")
