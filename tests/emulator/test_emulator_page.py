import re

import pytest
from emulator.emulator_serving import serving

from pipeline.emulator.faults import Fault

pytestmark = pytest.mark.anyio


async def test_the_page_shows_account_limits_and_the_last_requests() -> None:
    faults = (Fault.parse("drop-before#2"), Fault.parse("504-after#3"))
    async with serving(now=lambda: 1_893_456_000.0, requests_per_minute=5, faults=faults) as api:
        await api.make(prompt="<script>alert(1)</script>")
        await api.make(2, seed=-1)
        await api.make()
        page = await api.call("GET", "/", headers={})
    text = page.body.decode()
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for words in (">9.8746<", ">0.1254<", "3 of 5, 60 s left", "2030-01-01 00:00:00", "504-after"):
        assert words in text
    assert re.findall(r"<td>(v\d)<td>(\w+)<td>(\w+)", text) == [
        ("v1", "504", "COMPLETED"),
        ("v2", "406", "REFUSED"),
        ("v1", "200", "COMPLETED"),
    ]
    assert "seed must be an integer" in text
    assert "<script" not in text


async def test_what_a_caller_wrote_is_escaped() -> None:
    async with serving() as api:
        await api.make(image="http://[<b>x</b>]/")
        page = (await api.call("GET", "/", headers={})).body.decode()
        books = await api.books()
    assert "<b>" not in page.partition("<table>")[2]
    assert "<b>x" in books["requests"][0]["error"]
