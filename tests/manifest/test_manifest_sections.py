from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.manifest import Api, Budget, Limits, Output, Reconcile
from pipeline.manifest.addresses import CREDITS_URL, HISTORY_URL, address, endpoint
from pipeline.manifest.amounts import micro_credits
from pipeline.manifest.faults import WrongValueError


def test_the_defaults_are_the_providers() -> None:
    api = Api()
    assert api.url == "https://api.segmind.com/v1/sam-3d-objects"
    assert (api.history_url, api.credits_url) == (HISTORY_URL, CREDITS_URL)
    assert (api.protocol, api.provider, api.is_local, api.is_emulator) == (
        "v1",
        "segmind",
        False,
        False,
    )
    assert (api.timeout, api.key_env) == (180, "SEGMIND_API_KEY")
    assert (Limits().max_concurrency, Limits().attempts, Reconcile().settle) == (64, 4, 900)
    assert (Budget().credits_micro, Budget().price_micro) == (None, 65_000)
    assert (Output(path="out").name, Output(path="out").ledger) == ("{id}", None)


@pytest.mark.parametrize(
    ("url", "protocol", "provider"),
    [
        ("emulator", "v1", "emulator"),
        ("http://localhost:8080/v1/sam-3d-objects", "v1", "emulator"),
        ("http://127.0.0.9:8080/v2/sam-3d-objects", "v2", "emulator"),
        ("http://[::1]:8080/api/v2/sam-3d-objects", "v2", "emulator"),
        ("https://api.segmind.com/v2/sam-3d-objects", "v2", "segmind"),
        ("https://proxy.example/segmind/v1/sam-3d-objects", "v1", "segmind"),
    ],
)
def test_a_url_says_how_it_is_spoken_to_and_whose_results_come(
    url: str, protocol: str, provider: str
) -> None:
    api = Api(url=url)
    assert (api.protocol, api.provider) == (protocol, provider)
    assert api.is_local == (provider == "emulator")


def test_another_host_gets_no_history_unless_stated() -> None:
    api = Api(url="https://proxy.example/v1/sam-3d-objects", credits_url=CREDITS_URL)
    assert (api.history_url, api.credits_url) == (None, CREDITS_URL)
    assert Api(history_url=None).history_url is None


@pytest.mark.parametrize(
    "url",
    [
        "http://api.segmind.com/v1/a",
        "http://127.1/v1/a",
        "http://localhost.example/v1/a",
        "http://127.0.0.1@api.example/v1/a",
        "http://localhost\\@api.example/v1/a",
        "https://api.segmind.com:0/v1/a",
        "https://api.segmind.com:65536/v1/a",
        "https://[::1/v1/a",
        "https://a b/v1/a",
        "https://api.segmind.com/v1/a\n",
        "//api.segmind.com/v1/a",
        "file:///v1/a",
        "",
    ],
)
def test_a_url_that_could_leak_a_key_or_mean_two_hosts_is_refused(url: str) -> None:
    with pytest.raises(WrongValueError):
        address(url)


@pytest.mark.parametrize(
    "path", ["/sam-3d-objects", "/v1", "/v1/v2/sam-3d-objects", "/v3/sam-3d-objects", "/av1/x", ""]
)
def test_a_paid_url_names_one_protocol(path: str) -> None:
    with pytest.raises(WrongValueError, match="must lead through one of /v1/"):
        endpoint(f"https://api.segmind.com{path}")


@pytest.mark.parametrize(
    ("credits", "micro"),
    [
        (0, 0),
        (Decimal("25.0"), 25_000_000),
        (Decimal("0.000001"), 1),
        # a float's 4.35 x 1000000 is 4349999.999999999
        (Decimal("4.35"), 4_350_000),
        (Decimal("999999999.999999"), 999_999_999_999_999),
        (1_000_000_000, 1_000_000_000_000_000),
        ("unlimited", None),
        (None, None),
    ],
)
def test_credits_become_whole_micro_credits_exactly(credits: object, micro: int | None) -> None:
    assert Budget.model_validate({"credits": credits}).credits_micro == micro


@pytest.mark.parametrize("text", ["1.0000001", "1.00000000000000000000000000000001", "1e-320"])
def test_less_than_a_micro_credit_is_never_rounded_away(text: str) -> None:
    with pytest.raises(WrongValueError, match="at most 6 decimals"):
        micro_credits(Decimal(text))
