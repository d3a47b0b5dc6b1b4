from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import anyio
import pytest
from ledger_parts import NOW, PRICE, SENDING, TROUBLE, Parts, opened

from pipeline.errors import IllegalMoveError, LedgerError
from pipeline.ledger import Closing, Stored
from pipeline.model import TRANSITIONS, Artifact, Error, Link, Receipt, Status, Ticket

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

JOURNALED = tuple(status for status in Status if status is not Status.INVALID)
RECEIPT = Receipt(request_id="r-1", credits=PRICE + 500, remaining=9_000_000, seed=7)


def stored(path: str, *, placed: bool = False) -> Stored:
    return Stored(Artifact("result", path, "a" * 64, 5), None if placed else f".{path}", placed)


async def started(parts: Parts, status: Status) -> tuple[Ticket, int]:
    ticket = await parts.pending("mug")
    return (ticket, 0) if status is Status.PENDING else await parts.brought(ticket, status)


@pytest.mark.parametrize(("before", "after"), [*product(JOURNALED, Status)])
async def test_a_move_is_made_if_and_only_if_the_state_table_has_it(
    tmp_path: Path, before: Status, after: Status
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await started(parts, before)
        if after is before or after in TRANSITIONS[before]:
            assert (await parts.moves.moved(ticket, after, TROUBLE)).status is after
            assert await parts.status(ticket) is after
        else:
            with pytest.raises(IllegalMoveError, match=f"{before} → {after} is no legal move"):
                await parts.moves.moved(ticket, after, TROUBLE)
            assert await parts.status(ticket) is before


async def test_only_a_pending_ticket_is_sent(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await parts.sent(await parts.pending("mug"))
        with pytest.raises(IllegalMoveError, match="sent → sent"):
            await parts.moves.sent(ticket, SENDING)
        assert await parts.sql("SELECT COUNT(*) FROM attempt") == [(1,)]


async def test_of_many_who_want_to_send_one_ticket_one_may(tmp_path: Path) -> None:
    won: list[int] = []
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket = await parts.pending("mug")

        async def want() -> None:
            sent = await parts.moves.sent(ticket, SENDING)
            if sent is not None:
                won.append(sent[1])

        async with anyio.create_task_group() as wanting:
            for _ in range(50):
                wanting.start_soon(want)
        assert len(won) == 1
        assert await parts.sql("SELECT number, state, reserved FROM attempt") == [
            (won[0], "sent", PRICE)
        ]


async def test_the_intent_is_journaled_with_the_hash_of_the_body(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.sent(await parts.pending("mug"))
        columns = "protocol, body_sha256, reserved, state, sent_at, run"
        assert await parts.sql(f"SELECT {columns} FROM attempt") == [  # noqa: S608 - our own text
            ("v1", "b" * 64, PRICE, "sent", NOW.isoformat(timespec="milliseconds"), 1)
        ]


async def test_the_second_of_two_moves_from_one_state_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        await parts.moves.received(ticket, number, RECEIPT)
        with pytest.raises(IllegalMoveError, match="thought sent, but the ledger says otherwise"):
            await parts.moves.closed(ticket, number, Closing(TROUBLE), Status.PENDING)
        assert await parts.status(ticket) is Status.RECEIVED
        assert await parts.money() == (PRICE + 500, 0)


async def test_a_settled_attempt_is_settled_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        old, first = await parts.brought(await parts.pending("mug"), Status.PENDING)
        ticket, second = await parts.sent(old)
        for move in (  # the first attempt ended unbilled, the second is under way
            parts.moves.received(ticket, first, RECEIPT),
            parts.moves.failed_billed(ticket, first, RECEIPT, TROUBLE),
            parts.moves.accepted(ticket, first, "r"),
            parts.moves.closed(ticket, first, Closing(TROUBLE), Status.UNKNOWN),
        ):
            with pytest.raises(IllegalMoveError):
                await move
            assert await parts.status(ticket) is Status.SENT  # all of the step was undone
        await parts.moves.received(ticket, second, RECEIPT)
        assert await parts.money() == (PRICE + 500, 0)


@pytest.mark.parametrize(
    ("status", "money", "tries"),
    [
        # what was spent, what is unsettled; tries used
        (Status.SENT, (0, PRICE), 0),
        (Status.ACCEPTED, (0, PRICE), 0),
        (Status.UNKNOWN, (0, PRICE), 1),
        (Status.RECEIVED, (PRICE, 0), 1),
        (Status.SUCCEEDED, (PRICE, 0), 1),
        (Status.FAILED, (0, 0), 1),
        (Status.PENDING, (0, 0), 1),
    ],
)
async def test_an_attempt_holds_its_price_until_its_bill_is_known(
    tmp_path: Path, status: Status, money: tuple[int, int], tries: int
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await parts.brought(await parts.pending("mug"), status)
        assert await parts.money() == money
        assert await parts.sql("SELECT attempts FROM ticket") == [(tries,)]
        assert ticket.attempts == tries


async def test_a_bill_that_names_no_amount_counts_as_the_price_that_was_held(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        received, _ = await parts.moves.received(ticket, number, Receipt(request_id="r-1"))
        assert await parts.money() == (PRICE, 0)
        purchase = parts.lookup.purchase(received)
        assert purchase is not None
        assert purchase.receipt.credits is None
        # the body tells later; and what is told is not told otherwise any more
        for credits in (70_000, 99_000):
            await parts.moves.found(number, Receipt(credits=credits), [Link("result", "u")])
            assert await parts.money() == (70_000, 0)


async def test_a_failure_that_cost_is_billed_and_failed(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.brought(await parts.pending("mug"), Status.ACCEPTED)
        failed = await parts.moves.failed_billed(ticket, number, RECEIPT, TROUBLE)
        assert (failed.status, failed.attempts) == (Status.FAILED, 1)
        assert await parts.money() == (PRICE + 500, 0)


async def test_an_unknown_ticket_that_is_found_paid_uses_no_second_try(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.brought(await parts.pending("mug"), Status.UNKNOWN)
        received, _ = await parts.moves.received(ticket, number, RECEIPT)
        assert received.attempts == 1
        assert await parts.money() == (PRICE + 500, 0)


async def test_sums_over_all_attempts_stand_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        failed = await parts.moves.failed_billed(ticket, number, RECEIPT, TROUBLE)
        again = await parts.moves.moved(failed, Status.PENDING, None)
        await parts.brought(again, Status.RECEIVED)
        assert await parts.money() == (2 * PRICE + 500, 0)


async def test_a_purchase_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    links = (Link("result", "https://cdn/a.glb"), Link("splat", "https://cdn/a.ply"))
    receipt = replace(RECEIPT, metrics={"gpu": "x", "steps": [1, 2.5, None]})
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        received, _ = await parts.moves.received(ticket, number, receipt, links)
        purchase = parts.lookup.purchase(received)
        assert purchase is not None
        assert (purchase.receipt, purchase.links) == (receipt, links)
        assert (purchase.number, purchase.protocol, purchase.reserved) == (number, "v1", PRICE)


async def test_the_request_id_stands_before_the_first_poll(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        accepted = await parts.moves.accepted(ticket, number, "r-9")
        purchase = parts.lookup.purchase(accepted)
        assert purchase is not None
        assert purchase.receipt.request_id == "r-9"


async def test_files_are_journaled_before_and_after_their_rename(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await parts.brought(await parts.pending("mug"), Status.RECEIVED)
        before = [stored("mug.glb"), stored("mug.splat.ply")]
        await parts.moves.stored(ticket, before)
        assert parts.lookup.files("mug", "print-mug") == before
        await parts.moves.finished(ticket, Status.SUCCEEDED)
        assert parts.lookup.files("mug", "print-mug") == [
            Stored(each.artifact, None, placed=True) for each in before
        ]


async def test_the_step_that_journals_the_bill_gives_the_purchase(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, number = await parts.sent(await parts.pending("mug"))
        received, purchase = await parts.moves.received(ticket, number, Receipt(credits=PRICE))
        assert purchase == parts.lookup.purchase(received)
        assert (purchase.number, purchase.receipt.credits) == (number, PRICE)


async def test_a_job_never_takes_over_another_jobs_file(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.brought(await parts.pending("mug"), Status.RECEIVED)
        await parts.moves.stored(mug, [stored("a.glb", placed=True)])
        vase, _ = await parts.brought(await parts.pending("vase"), Status.RECEIVED)
        with pytest.raises(LedgerError, match=r"a\.glb is another job's file"):
            await parts.moves.stored(vase, [stored("b.glb"), stored("a.glb")])
        assert parts.lookup.owner_of("a.glb") == ("mug", "print-mug")
        assert parts.lookup.files("vase", "print-vase") == []


async def test_a_newer_version_of_a_job_takes_over_its_own_file(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        for print_ in ("old", "new"):
            ticket, _ = await parts.brought(await parts.pending("mug", print_), Status.RECEIVED)
            await parts.moves.stored(ticket, [stored("mug.glb")])
            await parts.moves.finished(ticket, Status.SUCCEEDED)
            await parts.moves.renamed("mug.glb", f"mug.{print_}.glb")
        assert parts.lookup.owner_of("mug.old.glb") == ("mug", "old")
        assert parts.lookup.owner_of("mug.new.glb") == ("mug", "new")
        assert parts.lookup.owner_of("mug.glb") is None


async def test_a_move_says_why_and_another_one_takes_it_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await parts.brought(await parts.pending("mug"), Status.ACCEPTED)
        await parts.moves.moved(ticket, Status.ACCEPTED, TROUBLE)
        why = "SELECT status, error_kind, error_message FROM ticket"
        assert await parts.sql(why) == [("accepted", TROUBLE.kind, TROUBLE.message)]
        await parts.moves.moved(ticket, Status.ACCEPTED, None)
        assert await parts.sql(why) == [("accepted", None, None)]


async def test_a_message_that_is_no_unicode_can_be_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket = await parts.pending("mug")
        await parts.moves.moved(
            ticket, Status.PENDING, replace(TROUBLE, message="caf\udce9.jpg is gone")
        )
        assert await parts.sql("SELECT error_message FROM ticket") == [("caf?.jpg is gone",)]


async def test_a_twin_that_shares_an_outcome_has_no_purchase_of_its_own_in_hand(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        ticket, _ = await parts.brought(await parts.pending("mug"), Status.PENDING)
        assert parts.lookup.purchase(ticket) is not None
        done = await parts.moves.finished(ticket, Status.SUCCEEDED, twin_of="cup")
        assert done.twin_of == "cup"
        assert parts.lookup.purchase(done) is None


async def test_only_what_the_service_failed_unbilled_is_given_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        claims = {}
        for id_, kind in (("down", "server_error"), ("wrong", "rejected"), ("paid", "")):
            ticket, attempt = await parts.sent(await parts.pending(id_))
            claims[id_] = ticket.claim
            if kind:
                closing = Closing(Error(kind, "HTTP"), tries=1)
                await parts.moves.closed(ticket, attempt, closing, Status.FAILED)
            else:
                await parts.moves.failed_billed(ticket, attempt, Receipt(credits=9), TROUBLE)
        assert await parts.moves.given_back(list(claims.values())) == ["down"]
        assert await parts.sql("SELECT id, status, attempts FROM ticket ORDER BY id") == [
            ("down", "pending", 0),
            ("paid", "failed", 1),
            ("wrong", "failed", 1),
        ]
