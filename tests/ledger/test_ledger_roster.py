from __future__ import annotations

import tempfile
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_parts import NOW, PRICE, SENDING, opened, posting

from pipeline.errors import UsageError
from pipeline.ledger import BEFORE_ALL, put_failed_back
from pipeline.model import Error, Receipt, Status

pytestmark = pytest.mark.anyio

WRONG = Error("invalid_input", "mug.jpg is missing")


async def test_a_waiting_job_is_alone_where_no_other_ticket_has_to_do_with_it(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite", "other.yaml") as parts:
        await parts.pending("theirs", "print-of-both")
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.pending("changed", "old")
        for id_, fingerprint in (
            ("jug", "print-jug"),
            ("cup", "same"),
            ("mug", "same"),
            ("changed", "new"),
            ("ours", "print-of-both"),
        ):
            await parts.pending(id_, fingerprint)
        waiting = await parts.roster.waiting(BEFORE_ALL, 9)
        assert {each.ticket.job.id: each.ticket.is_alone for each in waiting} == {
            "jug": True,
            "cup": False,
            "mug": False,
            "changed": False,
            "ours": False,
        }


async def test_one_ledger_never_holds_two_providers(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite", provider="emulator"):
        pass
    with pytest.raises(UsageError, match=r"'emulator', and api\.url leads to 'segmind'"):
        async with opened(tmp_path / "l.sqlite", provider="segmind"):
            pass
    async with opened(tmp_path / "l.sqlite", provider="emulator") as parts:
        assert await parts.sql("SELECT COUNT(*) FROM run") == [(2,)]  # the refused one is none


async def test_what_a_killed_run_had_sent_is_unknown_and_still_holds_its_price(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.sent(await parts.pending("mug"))
        await parts.brought(await parts.pending("vase"), Status.ACCEPTED)
    async with opened(tmp_path / "l.sqlite") as parts:
        assert parts.orphans == 1
        assert await parts.status(mug) is Status.UNKNOWN
        assert await parts.sql("SELECT id, state FROM attempt ORDER BY id") == [
            ("mug", "unknown"),
            ("vase", "accepted"),
        ]
        assert await parts.money() == (0, 2 * PRICE)
        assert await parts.roster.unsettled() == {1: PRICE, 2: PRICE}
        assert await parts.sql("SELECT attempts FROM ticket WHERE id = 'mug'") == [(1,)]
    async with opened(tmp_path / "l.sqlite") as parts:
        assert parts.orphans == 0


async def test_what_is_known_of_a_ticket_survives_being_registered_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.brought(await parts.pending("mug"), Status.FAILED)
        await parts.pending("mug")
        assert await parts.status(mug) is Status.FAILED


async def test_a_job_changed_back_finds_its_old_outcome(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug", "old"), Status.SUCCEEDED)
        await parts.pending("mug", "new")
        assert [each.ticket.fingerprint for each in await parts.roster.waiting(BEFORE_ALL, 9)] == [
            "new"
        ]
        await parts.pending("mug", "old")
        assert await parts.roster.waiting(BEFORE_ALL, 9) == []
        assert await parts.roster.tally() == {Status.SUCCEEDED: 1}


async def test_a_rescued_older_version_is_described_as_it_was_when_it_was_bought(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.roster.register([posting("mug", "old", seed=1)])
        old = (await parts.roster.waiting(BEFORE_ALL, 1))[0].ticket
        await parts.brought(old, Status.ACCEPTED)
        await parts.roster.register([posting("mug", "new", seed=2)])
        assert [each.job.seed for each in await parts.roster.rescues()] == [1]


async def test_rescues_are_the_paid_ones_oldest_first(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        tickets = {each: await parts.pending(each) for each in ("d", "c", "b", "a")}
        await parts.brought(tickets["c"], Status.RECEIVED)
        await parts.brought(tickets["a"], Status.ACCEPTED)
        await parts.brought(tickets["b"], Status.UNKNOWN)
        await parts.brought(tickets["d"], Status.SUCCEEDED)
        assert [each.job.id for each in await parts.roster.rescues()] == ["c", "a"]


async def test_an_invalid_input_fails_the_run_in_which_it_turned_so(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    invalid = posting("mug", invalid=WRONG)
    for worsened in (1, 0):  # in the second run it is no news
        async with opened(path) as parts:
            await parts.roster.register([invalid])
            assert await parts.roster.worsened() == worsened
    async with opened(path) as parts:
        await parts.pending("mug")
        assert await parts.roster.worsened() == 0
    async with opened(path) as parts:  # the same again, after it was well
        await parts.roster.register([invalid])
        assert await parts.roster.worsened() == 1


async def test_an_input_that_is_wrong_in_another_way_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        for message in ("a.jpg is missing", "caf\udce9.jpg is no picture"):
            await parts.roster.register([posting("mug", invalid=Error("invalid_input", message))])
        said = await parts.sql("SELECT error_message FROM ticket")
        assert said == [("caf?.jpg is no picture",)]


async def test_jobs_come_by_priority_then_in_the_manifests_order_page_by_page(
    tmp_path: Path,
) -> None:
    ranks = [0, 5, -1, 5, 0, 2**31 - 1, 0]
    jobs = [posting(f"j{at}", position=at, priority=rank) for at, rank in enumerate(ranks)]
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.roster.register(jobs)
        after, ids = BEFORE_ALL, []
        while page := await parts.roster.waiting(after, 2):
            assert len(page) <= 2
            ids += [each.ticket.job.id for each in page]
            after = (page[-1].ticket.job.priority, page[-1].position)
        assert ids == ["j5", "j1", "j3", "j0", "j4", "j6", "j2"]


@given(st.lists(st.integers(-3, 3), max_size=12), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_paging_gives_each_job_once_in_order_whatever_the_page(
    ranks: list[int], limit: int
) -> None:
    async def paged(path: Path) -> list[str]:
        async with opened(path) as parts:
            await parts.roster.register(
                [posting(f"{at}", position=at, priority=rank) for at, rank in enumerate(ranks)]
            )
            after, ids = BEFORE_ALL, list[str]()
            while page := await parts.roster.waiting(after, limit):
                ids += [each.ticket.job.id for each in page]
                after = (page[-1].ticket.job.priority, page[-1].position)
            return ids

    with tempfile.TemporaryDirectory() as folder:
        found = anyio.run(paged, Path(folder) / "l.sqlite")
    assert found == [str(at) for at in sorted(range(len(ranks)), key=lambda at: (-ranks[at], at))]


async def test_only_jobs_that_this_run_read_wait(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.pending("mug")
        await parts.pending("vase")
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.pending("vase")
        assert [each.ticket.job.id for each in await parts.roster.waiting(BEFORE_ALL, 9)] == [
            "vase"
        ]
        assert await parts.roster.tally() == {Status.PENDING: 1}


async def test_an_id_that_another_manifest_owns_is_refused_and_nothing_is_registered(
    tmp_path: Path,
) -> None:
    (tmp_path / "other.yaml").touch()
    async with opened(tmp_path / "l.sqlite", manifest="other.yaml") as parts:
        await parts.pending("mug")
    async with opened(tmp_path / "l.sqlite") as parts:
        with pytest.raises(UsageError, match=r"job mug: the manifest other\.yaml owns this id"):
            await parts.roster.register([posting("vase"), posting("mug")])
        assert await parts.roster.tally() == {}


async def test_a_renamed_manifest_keeps_its_jobs_and_buys_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").touch()
    async with opened(tmp_path / "l.sqlite", manifest="old.yaml") as parts:
        await parts.brought(await parts.pending("mug"), Status.SUCCEEDED)
        await parts.brought(await parts.pending("vase"), Status.ACCEPTED)
    (tmp_path / "old.yaml").rename(tmp_path / "new.yaml")
    async with opened(tmp_path / "l.sqlite", manifest="new.yaml") as parts:
        await parts.roster.register([posting("mug"), posting("vase")])
        assert await parts.roster.tally() == {Status.SUCCEEDED: 1, Status.ACCEPTED: 1}
        assert await parts.roster.waiting(BEFORE_ALL, 9) == []
        assert [each.job.id for each in await parts.roster.rescues()] == ["vase"]
    async with opened(tmp_path / "l.sqlite", manifest="old.yaml") as parts:
        (tmp_path / "old.yaml").touch()
        with pytest.raises(UsageError, match=r"new\.yaml owns this id"):
            await parts.pending("mug")


async def test_a_run_says_how_it_ended(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.roster.end(4)
        assert await parts.sql("SELECT exit_code, ended_at IS NOT NULL FROM run") == [(4, 1)]


async def test_a_run_counts_its_own_bills_only(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug"), Status.RECEIVED)
    async with opened(tmp_path / "l.sqlite") as parts:
        assert await parts.roster.bought() == (0, 0)
        await parts.brought(await parts.pending("vase"), Status.RECEIVED)
        await parts.brought(await parts.pending("cup"), Status.FAILED)
        assert await parts.roster.bought() == (1, PRICE)
        assert await parts.roster.worsened() == 1


async def test_of_attempts_whose_bill_was_open_those_are_counted_that_are_billed_by_now(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug"), Status.RECEIVED)
        vase, bought = await parts.brought(await parts.pending("vase"), Status.ACCEPTED)
        await parts.brought(await parts.pending("cup"), Status.UNKNOWN)
    async with opened(tmp_path / "l.sqlite") as parts:
        open_ = await parts.roster.unsettled()
        assert len(open_) == 2
        assert await parts.roster.bills_of(open_) == (0, 0)
        await parts.moves.received(vase, bought, Receipt(credits=PRICE + 1))
        assert await parts.roster.bills_of(open_) == (1, PRICE + 1)
        assert await parts.roster.bought() == (0, 0)


async def test_retry_puts_a_failed_job_back_with_all_its_tries(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.brought(await parts.pending("mug"), Status.FAILED)
        vase, _ = await parts.brought(await parts.pending("vase"), Status.UNKNOWN)
        await put_failed_back(parts.session.write, {"mug": None, "vase": None}, now=NOW)
        assert await parts.status(mug) is Status.PENDING
        assert await parts.status(vase) is Status.UNKNOWN  # retry is for failed ones only
        assert await parts.sql("SELECT attempts, error_kind FROM ticket WHERE id = 'mug'") == [
            (0, None)
        ]


async def test_with_another_seed_a_failed_job_is_another_purchase_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.brought(await parts.pending("mug", "seed-42"), Status.FAILED)
        await put_failed_back(parts.session.write, {"mug": ("seed-42", 7)}, now=NOW)
        assert await parts.status(mug) is Status.FAILED
        assert parts.roster.overrides(["mug", "vase"]) == {"mug": ("seed-42", 7)}
        # the next reading makes it another ticket
        await parts.roster.register([posting("mug", "seed-7", declared="seed-42", seed=7)])
        waiting = await parts.roster.waiting(BEFORE_ALL, 9)
        assert [(each.ticket.fingerprint, each.ticket.seed) for each in waiting] == [("seed-7", 7)]
        # and whoever asks for the old purchase shares its failure: it is not bought again
        cup = await parts.pending("cup", "seed-42")
        assert await parts.moves.sent(cup, SENDING) is None


async def test_with_the_seed_it_had_a_failed_job_is_put_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        mug, _ = await parts.brought(await parts.pending("mug"), Status.FAILED)
        await put_failed_back(parts.session.write, {"mug": ("print-mug", 42)}, now=NOW)
        assert await parts.status(mug) is Status.PENDING


async def test_the_last_seed_that_retry_chose_counts(tmp_path: Path) -> None:
    async with opened(tmp_path / "l.sqlite") as parts:
        await parts.brought(await parts.pending("mug"), Status.FAILED)
        for seed in (7, 8):
            await put_failed_back(parts.session.write, {"mug": ("print-mug", seed)}, now=NOW)
        assert parts.roster.overrides(["mug"]) == {"mug": ("print-mug", 8)}
