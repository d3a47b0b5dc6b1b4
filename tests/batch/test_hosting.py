"""The local API as a process of the run's own."""

import urllib.request
from pathlib import Path

import pytest

from pipeline.batch.hosting import HostingError, hosted

pytestmark = pytest.mark.anyio


async def test_it_serves_while_it_is_wanted_and_no_longer(tmp_path: Path) -> None:
    async with hosted(tmp_path / "books") as urls:
        assert urls["v1"].startswith("http://127.0.0.1:")
        port = urls["url"]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(port)  # noqa: ASYNC210 - it must fail at once


async def test_why_it_does_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "books").write_text("in the way")
    with pytest.raises(HostingError, match=r"the local API did not start: .*books"):
        async with hosted(tmp_path / "books"):
            raise AssertionError
