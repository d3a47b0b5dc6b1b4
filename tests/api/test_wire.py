import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api import wire
from pipeline.model import Job, Link, Status, Ticket

GLB = "https://h/a.glb"
PLY = "https://h/a.ply"
ZIP = "https://h/a.zip?sig=1"


def sent(job: Job, image: bytes = b"picture", mask: bytes | None = None) -> dict[str, Any]:
    ticket = Ticket(job, "ff" * 32, Status.PENDING)
    fields = json.loads(b"".join(wire.request_body(ticket, image, mask)))
    assert isinstance(fields, dict)
    return fields


def test_a_body_holds_what_is_declared_and_always_seed_and_artifacts() -> None:
    assert sent(Job("a", "a.jpg")) == {
        "image": base64.b64encode(b"picture").decode(),
        "seed": 123,
        "include_artifacts": False,
    }


def test_points_and_box_go_as_json_text_with_whole_numbers_bare() -> None:
    job = Job(
        "a",
        "a.jpg",
        prompt='a "cup" ☕\ud800',
        point_coords=((320.0, 240), (1.5, -0.0)),
        bounding_box=(50.0, 75, 350, 400.25),
        seed=7,
        include_artifacts=True,
    )
    fields = sent(job, mask=b"mask")
    assert fields["point_coords"] == "[[320, 240], [1.5, 0]]"
    assert fields["bounding_box"] == "[50, 75, 350, 400.25]"
    assert fields["prompt"] == job.prompt
    assert (fields["seed"], fields["include_artifacts"]) == (7, True)
    assert base64.b64decode(fields["mask"]) == b"mask"


def test_an_auto_seed_is_the_fingerprints_own() -> None:
    # the fingerprint as a number, modulo the 1,000,001 seeds
    assert sent(Job("a", "a.jpg", seed="auto"))["seed"] == int("ff" * 32, 16) % 1_000_001


@given(st.binary(), st.none() | st.binary(), st.none() | st.text())
def test_any_bytes_and_any_prompt_make_a_body_that_reads_back(
    image: bytes, mask: bytes | None, prompt: str | None
) -> None:
    fields = sent(Job("a", "a.jpg", prompt=prompt), image, mask)
    assert base64.b64decode(fields["image"], validate=True) == image
    assert fields.get("prompt") == prompt
    assert ("mask" in fields) is (mask is not None)


@pytest.mark.parametrize(
    ("answer", "links"),
    [
        ({"model_glb": GLB, "gaussian_splat": PLY}, [("result", GLB), ("splat", PLY)]),
        ({"output": GLB, "status": "success"}, [("result", GLB)]),
        ({"output": [GLB, ZIP]}, [("result", GLB), ("artifacts", ZIP)]),
        ({"output": json.dumps({"url": GLB})}, [("result", GLB)]),
        ({"output": {"glb": GLB, "artifacts_zip": ZIP}}, [("result", GLB), ("artifacts", ZIP)]),
        ({"individual_meshes": [{"url": GLB}, {"url": GLB + "?2"}]},
         [("result", GLB), ("part2", GLB + "?2")]),
        ({"model_glb": GLB, "individual_meshes": [{"url": GLB}, {"url": GLB + "?2"}]},
         [("result", GLB), ("part2", GLB + "?2")]),
        ({"gaussian_splat": PLY}, [("result", PLY)]),
        ({"output": {"mesh": {"url": GLB}, "images": ["https://h/a.png"]}},
         [("result", GLB), ("image", "https://h/a.png")]),
        ({"model_glb": GLB, "individual_splats": [PLY, PLY + "?2"]},
         [("result", GLB), ("splat", PLY), ("splat2", PLY + "?2")]),
        (GLB, [("result", GLB)]),
        ([GLB], [("result", GLB)]),
        ({"output": "ftp://h/a.glb"}, []),
        ({"output": "https://h/a b.glb"}, []),
        ({"output": "https://h/\ud800.glb"}, []),
        ({"output": "https://h/\x1b[2J"}, []),
        ({"output": "https://h/" + "a" * 9000}, []),
        ({"output": None, "status": 7}, []),
        (None, []),
        (7, []),
    ],
)  # fmt: skip
def test_links_are_found_in_every_shape(answer: object, links: list[tuple[str, str]]) -> None:
    assert wire.links(answer) == tuple(Link(*link) for link in links)


def test_a_link_is_found_behind_a_thousand_texts_that_are_none() -> None:
    answer = {"output": [*map(str, range(1000)), "https://h/a.glb"]}
    assert wire.links(answer) == (Link("result", "https://h/a.glb"),)


def test_links_nested_beyond_reason_are_not_looked_for() -> None:
    answer: object = GLB
    for _ in range(900):
        answer = {"output": answer}
    assert wire.links(answer) == ()
    assert len(wire.links([f"https://h/{number}" for number in range(9999)])) == 100


@pytest.mark.parametrize(
    ("value", "micro"),
    [
        ("0.065", 65_000),
        (0.0641, 64_100),
        (" $0.065 ", 65_000),
        ("0.065 credits", 65_000),
        ("0.0184921035", 18_492),  # 18,492.1
        (1e-07, 0),  # a tenth of a micro-credit
        ("1e-3", 1_000),
        (12, 12_000_000),
        ("12.", None),
        (".5", 500_000),
        ("999999999999", 999_999_999_999 * 10**6),
        ("1000000000000", None),
        ("1e999", None),
        (10**400, None),
        ("-0.5", None),
        (-1, None),
        ("1,5", None),
        ("٣", None),
        ("1_0", None),
        (" " * 100_000 + "x", None),
        ("", None),
        ("NaN", None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(value: object, micro: int | None) -> None:
    assert wire.micro(value) == micro


@given(st.decimals(0, 10**6, places=6))
def test_an_amount_of_whole_micro_credits_loses_nothing(amount: Decimal) -> None:
    assert wire.micro(str(amount)) == int(amount * 10**6)


@pytest.mark.parametrize(
    ("answer", "balance"),
    [
        ({"credits": 1.5, "free-credits": 0.0184921035}, 1_518_492),
        ({"credits": 0, "free_credits": 0}, 0),
        ({"credits": "2"}, 2_000_000),
        ({"free-credits": 2}, 2_000_000),
        ({"credits": None}, None),
        ({}, None),
    ],
)
def test_a_balance_is_both_kinds_of_credits(answer: dict[str, Any], balance: int | None) -> None:
    assert wire.balance(answer) == balance


def test_a_receipt_is_read_from_v1s_headers() -> None:
    headers = {
        "x-cost": "0.0641",
        "x-remaining-credits": "9.5",
        "x-request-id": "r9",
        "x-generation-time": "33.1",
        "x-seed-value": "42",
    }
    receipt = wire.receipt(headers, {})
    assert (receipt.credits, receipt.remaining) == (64_100, 9_500_000)
    assert (receipt.request_id, receipt.seed) == ("r9", 42)
    assert receipt.metrics == {"generation_time": "33.1"}


def test_a_receipt_is_read_from_v2s_metrics_of_which_plain_values_are_kept() -> None:
    metrics = {
        "cost": 0.0641,
        "remaining_credits": 9.5,
        "odd": float("nan"),
        "deep": {"a": [1]},
        "text": "a\x00b\ud800c",
    }
    receipt = wire.receipt({}, {"request_id": "r9", "metrics": metrics})
    assert (receipt.credits, receipt.remaining, receipt.request_id) == (64_100, 9_500_000, "r9")
    assert receipt.metrics == {
        "cost": 0.0641,
        "remaining_credits": 9.5,
        "odd": "NaN",
        "deep": '{"a": [1]}',
        "text": "a b c",
    }
    many = {"metrics": {str(number): number for number in range(999)}}
    assert len(wire.receipt({}, many).metrics) == 50


@pytest.mark.parametrize("named", ["..", "../x", "a b", "a/b", "", "é", "x" * 201, 1.5, True, None])
def test_what_could_lead_elsewhere_is_no_request_id(named: object) -> None:
    assert wire.receipt({}, {"request_id": named}).request_id is None
    assert not wire.names_request({"request_id": named})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": "invalid_api_key", "error_description": "wrong"}', "wrong"),
        (b'{"error": {"message": "inner"}}', "inner"),
        (b'{"error": {"code": 7}}', '{"code": 7}'),
        (b'{"detail": ["a"]}', '["a"]'),
        (b"<h1>Bad\n Gateway</h1>", "Bad Gateway"),
        (b"a &amp; b", "a & b"),
        (b"\xff\xfe?", "\ufffd\ufffd?"),
        (b"glTF\x00\x00", ""),
        (b'{"status": "ok"}', ""),
        (b"", ""),
    ],
)
def test_an_error_is_told_in_one_line(body: bytes, text: str) -> None:
    assert wire.error_text(wire.json_object(body), body) == text


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff{", b'"{}"', b"null", b"NaN", b"[" * 100_000, b"\x00{}"]
)
def test_what_is_no_json_object_is_an_empty_one(body: bytes) -> None:
    assert wire.json_object(body) == {}


def test_a_byte_order_mark_and_space_stand_before_an_object() -> None:
    assert wire.json_object(b'\xef\xbb\xbf {"a": 1}') == {"a": 1}
    assert wire.json_object(b' \r\n\t{"a": 1}') == {"a": 1}
