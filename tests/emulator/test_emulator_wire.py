import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.emulator import wire
from pipeline.emulator.refusal import RefusalError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
FIELDS = ("image", "mask", "prompt", "point_coords", "bounding_box", "seed", "include_artifacts")


def test_a_full_body_is_read() -> None:
    asked = {
        "image": "aGk=",
        "mask": "aG8=",
        "prompt": "mug",
        "point_coords": "[[1,2],[3.5,4]]",
        "bounding_box": "[50, 75, 350, 400]",
        "seed": 42,
        "include_artifacts": True,
        "unheard_of": 1,
    }
    submit = wire.parse(json.dumps(asked).encode())
    assert (submit.image, submit.mask) == ("aGk=", "aG8=")
    points, box = ((1, 2), (3.5, 4)), (50, 75, 350, 400)
    assert submit.parameters == wire.Parameters("mug", points, box, 42, include_artifacts=True)
    without = ("image", "mask", "unheard_of")
    assert json.loads(submit.sent) == {k: v for k, v in asked.items() if k not in without}


def test_what_is_left_out_or_null_has_the_documented_default() -> None:
    nulls = dict.fromkeys(FIELDS[1:])
    usual = wire.Parameters(None, (), None, 123, include_artifacts=False)
    for asked in ({"image": "x"}, {"image": "x"} | nulls):
        assert wire.parse(json.dumps(asked).encode()).parameters == usual


@pytest.mark.parametrize(
    "body",
    [
        *[b"", b"\xff", b"[]", b"{", b"{}", pytest.param(b"[" * 100_000, id="deep")],
        *[b'{"image": 1}', b'{"image": ""}', b'{"image": null}', b'{"image": "x", "mask": 1}'],
    ],
)
def test_a_malformed_body_is_a_400(body: bytes) -> None:
    with pytest.raises(RefusalError) as refused:
        wire.parse(body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("seed", seed) for seed in (-1, 1_000_001, 1.5, True, "1")],
        *[
            ("point_coords", points)
            for points in ([[1, 2]], "", "[]", "[1,2]", "[[1]]", "[[1,2,3]]")
        ],
        *[("point_coords", points) for points in ('[["1","2"]]', "[[1,NaN]]", "[[1,1e999]]")],
        pytest.param("point_coords", "[" * 5_000, id="deep"),
        *[("bounding_box", box) for box in ([1, 2, 3, 4], "[1,2,3]", "[9,9,1,1]", "[1,1,2.9,9]")],
        ("bounding_box", f"[0,0,9,{10**400}]"),
        ("prompt", 1),
        ("prompt", "x" * 10_001),
        ("include_artifacts", "yes"),
    ],
)
def test_a_refused_value_is_a_406_that_names_the_parameter(name: str, value: Any) -> None:
    with pytest.raises(RefusalError, match=name) as refused:
        wire.parse(json.dumps({"image": "x", name: value}).encode())
    assert refused.value.status == 406


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_anything_is_read_or_refused(fields: dict[str, Any]) -> None:
    with contextlib.suppress(RefusalError):
        submit = wire.parse(json.dumps(fields).encode())
        for text in (submit.sent, submit.parameters.text()):
            assert wire.Parameters.from_text(text) == submit.parameters


@given(st.text(max_size=50))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    with contextlib.suppress(RefusalError):
        assert isinstance(wire.decode("image", text), bytes)


@pytest.mark.parametrize("text", ["aGk=", "data:image/png;base64,aGk=", "data:;base64,aGk="])
def test_base64_and_data_uris_give_the_same_bytes(text: str) -> None:
    assert wire.decode("image", text) == b"hi"
