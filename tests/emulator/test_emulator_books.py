import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.emulator.books import Books
from pipeline.emulator.entry import Entry, Pictures
from pipeline.emulator.schema import BooksError

OPEN = Entry(
    ordinal=1,
    id="a",
    version=2,
    received_at=1.0,
    status="QUEUED",
    http=200,
    price_micro=62_700,
)
PICTURES = Pictures(b"picture", None)


def test_an_open_request_holds_its_price_until_it_is_billed(tmp_path: Path) -> None:
    with Books.open(tmp_path, 100_000) as books:
        books.add(OPEN, PICTURES)
        assert (books.balance, books.held, books.spent) == (100_000, 62_700, 0)
        books.start("a", 2.0)
        assert books.held == 62_700
        books.complete("a", 3.0, {"model": "a.glb", "splat": "a.ply"})
        assert (books.balance, books.held, books.spent) == (37_300, 0, 62_700)
        assert books.find("a") == replace(
            OPEN,
            status="COMPLETED",
            started_at=2.0,
            finished_at=3.0,
            billed_micro=62_700,
            remaining_micro=37_300,  # 100000 - 62700
        )
        assert books.files("a") == {"model": "a.glb", "splat": "a.ply"}
        assert (books.file_at("a.ply"), books.file_at("b.ply")) == (3.0, None)


def test_a_failed_request_gives_its_price_back(tmp_path: Path) -> None:
    with Books.open(tmp_path, 100_000) as books:
        books.add(OPEN, PICTURES)
        books.fail("a", 3.0, "no object")
        assert (books.balance, books.held, books.spent) == (100_000, 0, 0)
        assert books.tally() == {200: 1}


def test_a_blocking_request_that_fails_was_answered_with_500(tmp_path: Path) -> None:
    with Books.open(tmp_path, 0) as books:
        books.add(replace(OPEN, version=1, http=None), PICTURES)
        assert books.tally() == {}
        books.fail("a", 3.0, "no object")
        assert books.tally() == {500: 1}


def test_a_request_that_is_given_up_was_not_answered(tmp_path: Path) -> None:
    with Books.open(tmp_path, 0) as books:
        books.add(replace(OPEN, version=1, http=504), PICTURES)
        books.give_up("a", 3.0, "stopped")
        assert (books.tally(), books.spent) == ({0: 1}, 0)


def test_opening_credits_are_for_new_books_only(tmp_path: Path) -> None:
    with Books.open(tmp_path, 5) as books:
        books.top_up(2)
        books.port = 1234
    with Books.open(tmp_path, 1_000) as books:
        assert (books.balance, books.port) == (7, 1234)


def test_what_was_open_is_found_again_with_its_pictures(tmp_path: Path) -> None:
    with Books.open(tmp_path, 5) as books:
        books.add(OPEN, PICTURES)
        books.add(replace(OPEN, ordinal=2, id="b", status="REFUSED", http=406))
    with Books.open(tmp_path, 5) as books:
        assert books.unfinished() == [OPEN]
        assert books.pictures("a") == PICTURES
        assert [entry.id for entry in books.latest(10)] == ["b", "a"]
        assert books.last_ordinal == 2


def test_books_are_kept_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        Books.open(tmp_path, 5),
        pytest.raises(BooksError, match="stop it first"),
        Books.open(tmp_path, 5),
    ):
        pass


def test_a_call_that_fails_can_cost_all_the_same(tmp_path: Path) -> None:
    with Books.open(tmp_path, 100_000) as books:
        books.add(OPEN, PICTURES)
        books.fail("a", 3.0, "no object", billed=True)
        assert (books.balance, books.held, books.spent) == (37_300, 0, 62_700)


def test_books_of_another_version_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "books.sqlite") as other:
        other.execute("CREATE TABLE request (ordinal INTEGER)")
    other.close()
    with pytest.raises(BooksError, match="another version"), Books.open(tmp_path, 5):
        pass
