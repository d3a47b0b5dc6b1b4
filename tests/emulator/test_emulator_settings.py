from typing import Any

import pytest

from pipeline.emulator.settings import Settings

NAN = float("nan")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_is_served(host: str) -> None:
    assert Settings(host=host).host == host


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("host", host) for host in ("0.0.0.0", "::", "192.168.1.2", "example.com", "")],  # noqa: S104
        *[("port", port) for port in (-1, 65_536)],
        ("credits_micro", -1),
        ("price_micro_per_second", -1),
        *[("latency", seconds) for seconds in (-1, 86_401, NAN)],
        *[("latency_spread", share) for share in (-0.1, 1.1, NAN)],
        *[("speed", speed) for speed in (0, -1, NAN)],
        ("workers", 0),
        ("requests_per_minute", 0),
        ("rate_window", 0),
        ("key", ""),
        ("record_lifetime", -1),
        ("file_lifetime", -1),
        ("history_delay", -1),
        ("history_envelope", 'a"b'),
        *[("clock_offset", seconds) for seconds in (1e9, NAN)],
        ("content_type", "image"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(option: str, value: Any) -> None:
    name = {"credits_micro": "credits", "price_micro_per_second": "price"}
    with pytest.raises(ValueError, match=name.get(option, option.replace("_", "-"))):
        Settings(**{option: value})


def test_the_key_is_not_printed() -> None:
    assert "SG_secret" not in repr(Settings(key="SG_secret"))
