from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ledger_parts import SENDING, TROUBLE, opened, posting

from pipeline.ledger import Buyer
from pipeline.model import Status

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

IN_BETWEEN = (Status.SENT, Status.ACCEPTED, Status.RECEIVED, Status.UNKNOWN)


@pytest.mark.parametrize("status", [*IN_BETWEEN, Status.SUCCEEDED, Status.FAILED])
async def test_what_another_job_bought_or_is_buying_is_not_bought_again(
    tmp_path: Path, status: Status
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup = await parts.pending("cup", "same")
        mug = await parts.pending("mug", "same")
        await parts.brought(mug, status)
        buyer = (await parts.lookup.standing(cup)).buyer
        assert buyer is not None
        assert (buyer.id, buyer.status) == ("mug", status)
        assert await parts.moves.sent(cup, SENDING) is None
        assert await parts.status(cup) is Status.PENDING
        assert await parts.sql("SELECT COUNT(*) FROM attempt") == [(1,)]


async def test_a_buyer_that_failed_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup = await parts.pending("cup", "same")
        await parts.brought(await parts.pending("mug", "same"), Status.FAILED)
        assert (await parts.lookup.standing(cup)).buyer == Buyer("mug", Status.FAILED, TROUBLE)


async def test_a_job_that_is_pending_again_keeps_nobody_from_buying(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup = await parts.pending("cup", "same")
        await parts.brought(await parts.pending("mug", "same"), Status.PENDING)
        assert (await parts.lookup.standing(cup)).buyer is None
        assert await parts.moves.sent(cup, SENDING) is not None


@pytest.mark.parametrize("shared", [Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN])
async def test_a_job_that_only_shares_is_no_buyer(tmp_path: Path, shared: Status) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup = await parts.pending("cup", "same")
        mug = await parts.pending("mug", "same")
        await parts.moves.moved(mug, shared, TROUBLE, twin_of="jug")
        assert (await parts.lookup.standing(cup)).buyer is None


async def test_a_buyer_that_succeeded_is_preferred_to_one_that_failed(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup, mug, jug = [await parts.pending(each, "same") for each in ("cup", "mug", "jug")]
        failed, _ = await parts.brought(mug, Status.FAILED)
        again = await parts.moves.moved(failed, Status.PENDING, None)
        await parts.brought(jug, Status.SUCCEEDED)
        await parts.moves.moved(again, Status.FAILED, TROUBLE)
        buyer = (await parts.lookup.standing(cup)).buyer
        assert buyer is not None
        assert buyer.id == "jug"


@pytest.mark.parametrize("status", IN_BETWEEN)
async def test_a_changed_job_is_not_sent_while_money_may_stand_behind_its_older_version(
    tmp_path: Path, status: Status
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug", "old"), status)
        new = await parts.pending("mug", "new")
        assert (await parts.lookup.standing(new)).older is status
        assert not parts.lookup.is_clear(new)
        assert await parts.moves.sent(new, SENDING) is None
        assert await parts.roster.left_open() == 1


@pytest.mark.parametrize("status", [Status.PENDING, Status.SUCCEEDED, Status.FAILED])
async def test_a_changed_job_is_sent_once_its_older_version_is_settled(
    tmp_path: Path, status: Status
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug", "old"), status)
        new = await parts.pending("mug", "new")
        assert (await parts.lookup.standing(new)).older is None
        assert parts.lookup.is_clear(new)
        assert await parts.moves.sent(new, SENDING) is not None
        assert not parts.lookup.is_clear(new)  # it is pending no longer
        assert await parts.roster.left_open() == 0


@pytest.mark.parametrize("status", [*IN_BETWEEN, Status.SUCCEEDED])
async def test_the_way_is_not_clear_where_another_job_bought_the_same(
    tmp_path: Path, status: Status
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        cup, mug = [await parts.pending(each, "same") for each in ("cup", "mug")]
        assert parts.lookup.is_clear(cup)
        await parts.brought(mug, status)
        assert not parts.lookup.is_clear(cup)


async def test_an_older_version_that_only_shares_holds_nothing_up(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        old = await parts.pending("mug", "old")
        await parts.moves.moved(old, Status.UNKNOWN, TROUBLE, twin_of="cup")
        assert (await parts.lookup.standing(await parts.pending("mug", "new"))).older is None


async def test_twins_are_those_who_wait_and_those_who_share_a_doubt(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        leader = await parts.pending("mug", "same")
        names = ("waits", "doubts", "done", "gone")
        waits, doubts, done, gone = [await parts.pending(name, "same") for name in names]
        await parts.pending("other")
        await parts.moves.moved(doubts, Status.UNKNOWN, TROUBLE, twin_of="mug")
        await parts.moves.moved(done, Status.SUCCEEDED, None, twin_of="mug")
        await parts.roster.register([posting(gone.job.id, "changed")])
        found = {each.job.id: each.twin_of for each in parts.lookup.twins(leader)}
        assert found == {waits.job.id: None, doubts.job.id: "mug"}


async def test_twins_of_another_manifest_are_left_to_its_own_run(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite", manifest="other.yaml") as parts:
        await parts.pending("cup", "same")
    async with opened(tmp_path / "l.sqlite") as parts:
        assert parts.lookup.twins(await parts.pending("mug", "same")) == []


async def test_a_ticket_without_an_attempt_has_no_purchase(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        assert parts.lookup.purchase(await parts.pending("mug")) is None
        assert parts.lookup.files("mug", "print-mug") == []
