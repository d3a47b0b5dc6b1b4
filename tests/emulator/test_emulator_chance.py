import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.emulator.draws import draw
from pipeline.emulator.faults import Fault, strike


@given(st.integers(), st.integers(1, 10**9), st.floats(0, 1))
def test_a_latency_stays_within_its_spread(seed: int, ordinal: int, spread: float) -> None:
    drawn = draw(seed, ordinal, 33.0, spread)
    assert round(33_000 * (1 - spread)) <= drawn.milliseconds <= round(33_000 * (1 + spread))
    assert 0 <= drawn.fault < 1
    assert draw(seed, ordinal, 33.0, spread) == drawn


def test_without_spread_every_call_takes_the_same() -> None:
    assert {draw(7, n, 33.0, 0.0).milliseconds for n in range(1, 100)} == {33_000}


def test_another_seed_draws_otherwise() -> None:
    assert draw(1, 1, 33.0, 0.2) != draw(2, 1, 33.0, 0.2)


@pytest.mark.parametrize(
    ("faults", "drawn", "struck"),
    [
        ((), 0.0, None),
        ((Fault("500", 0.2),), 0.199, "500"),
        ((Fault("500", 0.2),), 0.2, None),
        ((Fault("500", 0.2), Fault("500", 0.3)), 0.499, "500"),  # 0.2 + 0.3 = 0.5
        ((Fault("500", 0.2), Fault("500", 0.3)), 0.5, None),
        ((Fault("500", 1.0),), 0.999, "500"),
        ((Fault("500", 0.0),), 0.0, None),
    ],
)
def test_rates_lie_end_to_end(faults: tuple[Fault, ...], drawn: float, struck: str | None) -> None:
    assert strike(faults, drawn) == struck


def test_a_fault_is_read_as_kind_and_rate() -> None:
    assert Fault.parse("500:0.2") == Fault("500", 0.2)


@pytest.mark.parametrize("text", ["", "500", "500:", "500:x", "500:1.1", "500:nan", "teapot:0.2"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="KIND:RATE"):
        Fault.parse(text)
