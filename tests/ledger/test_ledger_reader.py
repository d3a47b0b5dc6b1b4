from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from ledger_parts import NOW, PRICE, TROUBLE, opened, posting

from pipeline.errors import LedgerError
from pipeline.ledger import Failed, JobRow, Known, Money, Stored, put_failed_back, reading
from pipeline.model import Artifact, Receipt, Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

ARTIFACT = Artifact("result", "mug.glb", "a" * 64, 5)


def test_a_ledger_that_is_not_there_answers_like_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    for _ in range(2):
        with reading(path, "shop.yaml") as reader:
            assert reader.money() == Money(0, 0, None)
            assert list(reader.rows(["mug"])) == [JobRow("mug", Status.PENDING)]
            assert reader.tally(["mug", "vase"]) == {Status.PENDING: 2}
            assert reader.known([("mug", "f")]) == [Known()]
            assert reader.failed(None) == []
            assert reader.overrides(["mug"]) == {}
        path.touch()  # a run has made the file, and nothing in it yet


async def test_a_reader_sees_what_is_committed_while_a_run_writes(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    async with opened(path) as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        await parts.pending("vase")
        with reading(path, "shop.yaml") as reader:
            assert reader.money() == Money(0, PRICE, None)
            receipt = Receipt("r-1", credits=70_000, remaining=930_000)
            received, _ = await parts.moves.received(ticket, number, receipt)
            assert reader.money() == Money(70_000, 0, 930_000)
            await parts.moves.stored(received, [Stored(ARTIFACT, None, placed=True)])
            await parts.moves.finished(received, Status.SUCCEEDED)
            mug = JobRow("mug", Status.SUCCEEDED, 1, 70_000, "r-1", (ARTIFACT,))
            rows = list(reader.rows(["unread", "mug", "vase"]))
            assert rows == [JobRow("unread", Status.PENDING), mug, JobRow("vase", Status.PENDING)]
            assert reader.tally(["unread", "mug", "vase"]) == {
                Status.PENDING: 2,
                Status.SUCCEEDED: 1,
            }


async def test_known_tells_what_a_plan_has_to_know_in_the_order_asked(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    (tmp_path / "shop.yaml").touch()
    async with opened(path) as parts:
        await parts.brought(await parts.pending("mug"), Status.SUCCEEDED)
        await parts.brought(await parts.pending("vase"), Status.UNKNOWN)
    asked = [("new", "f"), ("mug", "changed"), ("mug", "print-mug"), ("cup", "print-vase")]
    with reading(path, "shop.yaml") as reader:
        assert reader.known(asked) == [
            Known(),
            Known(current="print-mug", owner="shop.yaml", bought_before=True),
            Known(Status.SUCCEEDED, current="print-mug", owner="shop.yaml", bought_before=True),
            Known(bought_by="vase"),  # it waits for vase's outcome
        ]


async def test_ids_of_a_manifest_that_is_gone_are_read_as_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    for manifest, id_ in (("old.yaml", "mug"), ("there.yaml", "vase")):
        async with opened(path, manifest=manifest) as parts:
            await parts.brought(await parts.pending(id_), Status.SUCCEEDED)
    (tmp_path / "there.yaml").touch()
    with reading(path, "new.yaml") as reader:
        assert [each.owner for each in reader.known([("mug", "f"), ("vase", "f")])] == [
            None,
            "there.yaml",
        ]
        assert reader.tally(["mug", "vase"]) == {Status.SUCCEEDED: 1, Status.PENDING: 1}
        assert [each.status for each in reader.rows(["mug", "vase"])] == ["succeeded", "pending"]


async def test_failed_jobs_are_told_with_their_twins_and_whether_they_were_paid(
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.sqlite"
    async with opened(path) as parts:
        mug, number = await parts.sent(await parts.pending("mug", "same"))
        await parts.moves.failed_billed(mug, number, Receipt(credits=1), TROUBLE)
        cup = await parts.pending("cup", "same")
        await parts.moves.moved(cup, Status.FAILED, TROUBLE, twin_of="mug")
        await parts.brought(await parts.pending("vase"), Status.FAILED)
        await parts.brought(await parts.pending("jug"), Status.SUCCEEDED)
    billed = {Failed("mug", "same", billed=True), Failed("cup", "same", billed=True)}
    with reading(path, "shop.yaml") as reader:
        assert set(reader.failed(None)) == billed | {Failed("vase", "print-vase", billed=False)}
        assert set(reader.failed(["cup"])) == billed
        assert reader.failed(["jug"]) == []
    with reading(path, "other.yaml") as reader:
        assert reader.failed(None) == []


async def test_a_job_put_back_with_another_seed_is_pending_and_keeps_its_bills(
    tmp_path: Path,
) -> None:
    path = tmp_path / "l.sqlite"
    async with opened(path) as parts:
        mug, number = await parts.sent(await parts.pending("mug"))
        await parts.moves.failed_billed(mug, number, Receipt(credits=70_000), TROUBLE)
        await put_failed_back(parts.session.write, {"mug": ("print-mug", 7)}, now=NOW)
    with reading(path, "shop.yaml") as reader:
        assert list(reader.rows(["mug"])) == [JobRow("mug", Status.PENDING, credits=70_000)]
        assert reader.tally(["mug"]) == {Status.PENDING: 1}
        assert reader.failed(None) == []
        assert reader.overrides(["mug"]) == {"mug": ("print-mug", 7)}


async def test_the_balance_is_the_lowest_that_the_last_run_heard(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    for told in ([50, 10], [900, 800, 850], []):  # of the run that heard nothing, nothing is told
        async with opened(path) as parts:
            for at, remaining in enumerate(told):
                sent = await parts.sent(await parts.pending(f"j{remaining}-{at}"))
                await parts.moves.received(*sent, Receipt(credits=1, remaining=remaining))
    with reading(path, "shop.yaml") as reader:
        assert reader.money() == Money(5, 0, 800)


async def test_a_ledger_that_is_damaged_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    async with opened(path) as parts:
        await parts.roster.register([posting("mug")])
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE ticket RENAME COLUMN twin_of TO other")
    with (
        pytest.raises(LedgerError, match="cannot be read"),
        reading(path, "shop.yaml") as reader,
    ):
        reader.known([("mug", "f")])
