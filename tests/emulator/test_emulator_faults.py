import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.emulator import faults
from pipeline.emulator.draws import milliseconds
from pipeline.emulator.faults import Fault, Strikes


@given(st.integers(), st.integers(1, 10**9), st.floats(0, 1))
def test_a_latency_stays_within_its_spread(seed: int, ordinal: int, spread: float) -> None:
    drawn = milliseconds(seed, ordinal, 33.0, spread)
    assert round(33_000 * (1 - spread)) <= drawn <= round(33_000 * (1 + spread))
    assert milliseconds(seed, ordinal, 33.0, spread) == drawn


def test_without_spread_every_call_takes_the_same() -> None:
    assert {milliseconds(7, n, 33.0, 0.0) for n in range(1, 100)} == {33_000}


def test_another_seed_draws_otherwise() -> None:
    assert milliseconds(1, 1, 33.0, 0.2) != milliseconds(2, 1, 33.0, 0.2)


def test_a_rate_is_the_share_of_calls_that_are_struck() -> None:
    struck = sum(Fault("500", 0.2).strikes(seed=1, ordinal=n) for n in range(1, 5001))
    assert abs(struck - 1000) < 90  # 5000 x 0.2, three times the deviation of 28
    assert not any(Fault("500", 0.0).strikes(1, n) for n in range(1, 100))
    assert all(Fault("500", 1.0).strikes(1, n) for n in range(1, 100))


@given(st.integers(), st.floats(0, 1))
def test_one_kinds_rate_does_not_shift_another(seed: int, rate: float) -> None:
    alone = [Fault("500", 0.3).strikes(seed, n) for n in range(1, 30)]
    strikes = Strikes([Fault("500", 0.3), Fault("503", rate)], seed)
    beside = [(fault := strikes.next("submit")[1]) and fault.kind for _ in range(1, 30)]
    assert [kind == "500" for kind in beside] == alone


def test_numbers_and_multiples_strike_exactly() -> None:
    strikes = Strikes([Fault("cut", at=frozenset({2, 3})), Fault("html", every=3)], 0)
    kinds = [(fault := strikes.next("submit")[1]) and fault.kind for _ in range(6)]
    assert kinds == [None, "cut", "cut", None, None, "html"]
    assert strikes.tally == {"cut": 2, "html": 1}


def test_each_operation_counts_for_itself_and_submits_go_on_after_a_restart() -> None:
    strikes = Strikes([Fault("poll-404", at=frozenset({1}))], 0, submits=5)
    assert strikes.next("submit") == (6, None)
    assert strikes.next("file") == (1, None)
    ordinal, fault = strikes.next("poll")
    assert (ordinal, fault and fault.kind) == (1, "poll-404")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("500:0.2", Fault("500", 0.2)),
        ("504-after#3,7", Fault("504-after", at=frozenset({3, 7}))),
        ("down=2.5#1", Fault("down", at=frozenset({1}), value="2.5")),
        ("429=30:1", Fault("429", 1.0, value="30")),
        (
            "307=http://127.0.0.1:99/x#2",
            Fault("307", at=frozenset({2}), value="http://127.0.0.1:99/x"),
        ),
    ],
)
def test_a_fault_is_read_as_kind_value_and_time(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("kind", faults.KINDS)
def test_every_kind_can_be_asked_for(kind: str) -> None:
    fault = Fault.parse(f"{kind}:0.5")
    assert fault.kind == kind
    assert fault.operation in {"submit", kind.partition("-")[0]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *[(text, "KIND:RATE") for text in ("", "500", "500:", "500:x", "cut#", "cut#1,", "5 0:1")],
        *[(text, "share from 0 to 1") for text in ("500:1.1", "500:-1", "500:1e", "500:9")],
        *[(text, "no kind of fault") for text in ("teapot:0.2", "teapot#1")],
        *[(text, "takes no value") for text in ("cut=1#1", "down=-1#1", "down=nan#1", "307=x#1")],
    ],
)
def test_what_is_no_fault_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault.parse(text)
