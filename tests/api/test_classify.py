import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api.classify import Meaning, Means, Operation, classify
from pipeline.errors import Charged

ID = "2c7f59ea-0000-4000-8000-000000000000"
QUEUED = {
    "request_id": ID,
    "status": "QUEUED",
    "status_url": f"https://h/v2/requests/{ID}/status",
    "response_url": f"https://h/v2/requests/{ID}",
}
NO, MAYBE, YES = Charged.NO, Charged.MAYBE, Charged.YES


def said(status: int, error: object = "", **headers: str) -> Meaning:
    return of(Operation.SUBMIT, status, {"error": error} if error else b"", **headers)


def of(operation: Operation, status: int, body: object = b"", **headers: str) -> Meaning:
    given_body = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(operation, status, fields, given_body)


SUBMITS: list[tuple[int, object, Means, Charged]] = [
    # 200 with a result
    (200, b"", Means.RECEIVED, YES),
    (200, {"status": "Success", "model_glb": "https://h/x.glb"}, Means.RECEIVED, YES),
    (200, {"output": "https://h/x.glb", "status": "success"}, Means.RECEIVED, YES),
    (200, {"request_id": ID, "output": "https://h/x.glb"}, Means.RECEIVED, YES),
    (200, {"request_id": ID, "status": "COMPLETED", "output": "…"}, Means.RECEIVED, YES),
    (200, b"glTF\x02\x00\x00\x00", Means.RECEIVED, YES),
    # or v2's id
    (200, QUEUED, Means.ACCEPTED, MAYBE),
    (202, QUEUED, Means.ACCEPTED, MAYBE),
    (200, QUEUED | {"status": "PROCESSING"}, Means.ACCEPTED, MAYBE),
    (200, QUEUED | {"status": "WARMING_UP"}, Means.ACCEPTED, MAYBE),
    (200, QUEUED | {"status": None}, Means.ACCEPTED, MAYBE),
    (200, {"request_id": ID}, Means.ACCEPTED, MAYBE),
    (200, {"request_id": 77, "status": "queued"}, Means.ACCEPTED, MAYBE),
    # 200 that nobody understands
    (200, b"<html>maintenance</html>", Means.RECEIVED, YES),
    (200, b"\xff\xd8\xff\xe0", Means.RECEIVED, YES),
    (200, b"[1, 2]", Means.RECEIVED, YES),
    (200, {"new": "shape"}, Means.RECEIVED, YES),
    (200, {"request_id": ID, "model": "Z2xURg=="}, Means.RECEIVED, YES),
    (200, {"request_id": "..", "status": "QUEUED"}, Means.RECEIVED, YES),
    (200, {"status": "QUEUED"}, Means.RECEIVED, YES),
    (200, {"status": "FAILED", "error": "no id: this is not v2"}, Means.RECEIVED, YES),
    (201, b"glTF", Means.RECEIVED, YES),
    # 400; 406 naming a parameter
    (400, {"error": "missing field image"}, Means.GIVE_UP, NO),
    (406, {"error": "seed must be at most 1000000"}, Means.GIVE_UP, NO),
    (406, {"error": {"message": "Invalid bounding_box"}}, Means.GIVE_UP, NO),
    (406, {"detail": [{"loc": ["body", "prompt"], "msg": "too long"}]}, Means.GIVE_UP, NO),
    (413, b"", Means.GIVE_UP, NO),
    (422, {"detail": "field required"}, Means.GIVE_UP, NO),
    # 401, 403, 404, 405, 410, any 3xx, 406 about the content type
    (401, {"error": "invalid_api_key", "error_description": "x"}, Means.REFUSED, NO),
    (403, {"error": "no"}, Means.REFUSED, NO),
    (404, {"error": "no such model"}, Means.REFUSED, NO),
    (405, b"<!doctype html><h1>Method Not Allowed</h1>", Means.REFUSED, NO),
    (410, b"", Means.REFUSED, NO),
    (415, b"", Means.REFUSED, NO),
    *[(status, b"", Means.REFUSED, NO) for status in (300, 301, 302, 303, 304, 307, 308, 399)],
    (406, {"error": "Invalid content type"}, Means.REFUSED, NO),
    (406, {"error": "Unsupported media-type"}, Means.REFUSED, NO),
    # 406 about credits or a spend limit
    (406, {"error": "Insufficient credits"}, Means.NO_CREDITS, NO),
    (
        406,
        {"error": "Insufficient credits: 0.01 left, this image needs 0.065"},
        Means.NO_CREDITS,
        NO,
    ),
    (406, {"error": "Monthly spend limit of 50 reached"}, Means.NO_CREDITS, NO),
    (406, {"message": "Your BALANCE is too low"}, Means.NO_CREDITS, NO),
    (406, b"<p>Not enough&nbsp;credits</p>", Means.NO_CREDITS, NO),
    (402, b"", Means.NO_CREDITS, NO),
    # 406 nobody can read
    (406, b"", Means.UNREADABLE, NO),
    (406, {"error": "Not Acceptable"}, Means.UNREADABLE, NO),
    (406, {"error": "Invalid prompt: 'credit card holder'"}, Means.UNREADABLE, NO),
    (406, b"\x00\x01", Means.UNREADABLE, NO),
    # 429
    (429, {"error": "Too many requests"}, Means.LIMITED, NO),
    # 500, 503
    (500, {"error": "boom"}, Means.AGAIN, NO),
    (503, b"<html>busy</html>", Means.AGAIN, NO),
    # 502, 504, and what other gateways say in their place
    *[(status, b"", Means.LOST, MAYBE) for status in (502, 504, 408, 499, 520, 522, 524, 599)],
    (504, {"error": "upstream"}, Means.LOST, MAYBE),
    # what no documentation knows
    *[(status, b"", Means.LOST, MAYBE) for status in (0, 101, 204, 206, 600, 999, -1)],
    # v2 FAILED with no cost, with a cost, with one that cannot be read
    (422, {"status": "FAILED", "error": "x", "metrics": {}}, Means.FAILED, NO),
    (422, {"status": "FAILED", "metrics": {"cost": 0.0}}, Means.FAILED, NO),
    (422, {"status": "FAILED", "metrics": {"cost": 0.065}}, Means.FAILED_BILLED, YES),
    (422, {"status": "FAILED", "metrics": {"cost": "some"}}, Means.FAILED_BILLED, YES),
    (422, {"status": "FAILED", "metrics": {"cost": -1}}, Means.FAILED_BILLED, YES),
    (422, {"status": "FAILED", "metrics": {"cost": {"usd": 1}}}, Means.FAILED_BILLED, YES),
    (200, {"status": "FAILED", "request_id": ID, "metrics": {}}, Means.FAILED, NO),
    (200, {"status": "FAILED", "request_id": ID, "metrics": {"cost": 1}}, Means.FAILED_BILLED, YES),
]


@pytest.mark.parametrize(("status", "body", "means", "charged"), SUBMITS)
def test_an_answer_to_a_submit_means(
    status: int, body: object, means: Means, charged: Charged
) -> None:
    meaning = of(Operation.SUBMIT, status, body)
    assert (meaning.means, meaning.charged) == (means, charged)
    in_order = means in {Means.RECEIVED, Means.ACCEPTED}
    assert bool(meaning.kind) is bool(meaning.message) is not in_order


FREE: list[tuple[Operation, int, object, Means]] = [
    (Operation.POLL, 200, {"status": "QUEUED"}, Means.RUNNING),
    (Operation.POLL, 200, {"status": "PROCESSING", "metrics": {}}, Means.RUNNING),
    (Operation.POLL, 200, {"status": "WARMING_UP"}, Means.RUNNING),
    (Operation.POLL, 200, {"status": "COMPLETED"}, Means.READY),
    (Operation.POLL, 500, {"status": "COMPLETED"}, Means.READY),
    (Operation.POLL, 422, {"status": "FAILED", "error": "x"}, Means.FAILED),
    (Operation.POLL, 200, {"status": "FAILED", "error": "x"}, Means.FAILED),
    (Operation.POLL, 404, {"error": f"Request {ID} not found"}, Means.EXPIRED),
    (Operation.POLL, 404, {"status": "FAILED"}, Means.FAILED),
    (Operation.POLL, 401, b"", Means.REFUSED),
    (Operation.POLL, 429, b"", Means.LIMITED),
    (Operation.POLL, 403, b"", Means.GIVE_UP),
    (Operation.POLL, 500, b"", Means.AGAIN),
    (Operation.POLL, 500, {"status": "QUEUED"}, Means.AGAIN),
    (Operation.POLL, 302, b"", Means.AGAIN),
    (Operation.POLL, 200, b"<html>", Means.AGAIN),
    (Operation.POLL, 200, {"status": 7}, Means.AGAIN),
    (Operation.RESULT, 200, {"status": "COMPLETED", "output": "x"}, Means.RECEIVED),
    (Operation.RESULT, 200, {"status": "PROCESSING"}, Means.RUNNING),
    (Operation.RESULT, 422, {"status": "FAILED", "metrics": {"cost": 1}}, Means.FAILED_BILLED),
    (Operation.RESULT, 404, b"", Means.EXPIRED),
    (Operation.RESULT, 200, b"glTF", Means.RECEIVED),
    (Operation.RESULT, 200, b"<html>", Means.AGAIN),
    (Operation.RESULT, 200, b"", Means.AGAIN),
    *[(Operation.DOWNLOAD, status, b"", Means.REDIRECT) for status in (301, 302, 303, 307, 308)],
    *[(Operation.DOWNLOAD, status, b"", Means.EXPIRED) for status in (403, 404, 410)],
    *[(Operation.DOWNLOAD, status, b"", Means.AGAIN) for status in (206, 304, 401, 429, 500, 999)],
    (Operation.DOWNLOAD, 200, b"", Means.RECEIVED),
    (Operation.BALANCE, 200, {"credits": 1}, Means.RECEIVED),
    (Operation.BALANCE, 401, b"", Means.REFUSED),
    (Operation.BALANCE, 404, {"error": "no record"}, Means.EXPIRED),
    (Operation.BALANCE, 405, b"", Means.GIVE_UP),
    (Operation.BALANCE, 503, b"", Means.AGAIN),
    (Operation.HISTORY, 200, b"[]", Means.RECEIVED),
    (Operation.HISTORY, 404, b"", Means.EXPIRED),
    (Operation.HISTORY, 429, b"", Means.LIMITED),
    (Operation.HISTORY, 502, b"", Means.AGAIN),
]


@pytest.mark.parametrize(("operation", "status", "body", "means"), FREE)
def test_an_answer_to_a_free_call_means(
    operation: Operation, status: int, body: object, means: Means
) -> None:
    assert of(operation, status, body).means is means


def test_v2s_own_id_goes_before_a_gateways() -> None:
    meaning = of(Operation.SUBMIT, 200, QUEUED, x_request_id="gateway-7")
    assert meaning.request_id == meaning.receipt.request_id == ID


def test_v1s_id_stands_in_the_headers() -> None:
    assert of(Operation.SUBMIT, 200, b"", x_request_id="r9").receipt.request_id == "r9"


@pytest.mark.parametrize("operation", [Operation.POLL, Operation.RESULT])
def test_a_gateways_id_of_a_poll_is_not_the_purchases(operation: Operation) -> None:
    meaning = of(operation, 200, {"status": "COMPLETED"}, x_request_id="gateway-7")
    assert meaning.receipt.request_id is None


def test_a_lost_call_keeps_the_id_that_the_history_can_be_asked_for() -> None:
    meaning = said(504, "upstream", x_request_id="r9")
    assert (meaning.means, meaning.receipt.request_id) == (Means.LOST, "r9")


def test_a_v1_failure_with_a_cost_in_its_headers_is_billed() -> None:
    meaning = of(Operation.SUBMIT, 422, {"status": "FAILED"}, x_cost="0.065")
    assert (meaning.means, meaning.receipt.credits) == (Means.FAILED_BILLED, 65_000)


def test_a_redirect_is_named_on_one_printable_line() -> None:
    message = said(302, "", location="https://evil/\x1b[2J\udcff\n" + "x" * 999).message
    assert message.startswith("the API redirects to https://evil/ [2J ")
    assert message.isprintable()
    assert len(message) < 500


def test_a_message_is_short_and_printable() -> None:
    message = said(500, "\x1b[31m\x00\n" + "x" * 99_999).message
    assert message.isprintable()
    assert len(message) < 350


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["status", "error", "message", "detail", "request_id", "metrics", "cost", "output"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
_BODY = st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode())
_HEADERS = st.dictionaries(
    st.sampled_from(["x-cost", "x-request-id", "x-remaining-credits", "x-seed-value"])
    | st.sampled_from(["x-generation-time", "location"]),
    st.text(max_size=30),
)


@given(st.sampled_from(Operation), st.integers(-1, 1100), _HEADERS, _BODY)
def test_no_answer_raises_and_every_message_fits_the_ledger(
    operation: Operation, status: int, headers: dict[str, str], body: bytes
) -> None:
    meaning = classify(operation, status, headers, body)
    assert meaning.message.isprintable()
    json.dumps(dict(meaning.receipt.metrics), allow_nan=False).encode()
    repr(meaning.receipt.metrics).encode()


@given(st.integers(-1, 1100), _HEADERS, _BODY)
def test_a_submit_is_unbilled_only_by_a_status_that_says_so_or_a_failure_without_a_cost(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    meaning = classify(Operation.SUBMIT, status, headers, body)
    if meaning.charged is Charged.NO:
        refused = 300 <= status < 500 and status not in {408, 499}
        assert refused or status in {500, 503} or meaning.means is Means.FAILED


@pytest.mark.parametrize("depth", [10, 400, 900, 960, 980, 990, 100_000])
@pytest.mark.parametrize("key", ["error", "status", "metrics", "request_id", "output"])
def test_json_nested_to_any_depth_does_no_harm(depth: int, key: str) -> None:
    for opening, closing in (("[", "]"), ('{"error":', "}")):
        inner = "1" if opening != "[" else ""
        body = f'{{"{key}": {opening * depth}{inner}{closing * depth}}}'.encode()
        for operation in Operation:
            assert classify(operation, 500, {}, body).message.isprintable()
        metrics = f'{{"status":"FAILED","metrics":{{"a":{body.decode()}}}}}'.encode()
        assert classify(Operation.SUBMIT, 422, {}, metrics).charged is not Charged.MAYBE
