"""Bodies that stand in memory while they are being sent."""

import pytest

from pipeline.perform.room import Room


def test_bodies_are_held_as_long_as_there_is_room_for_them_together() -> None:
    room = Room(10)
    first = room.hold([b"1234", b"56"])
    assert first is not None
    assert b"".join(first.pieces()) == b"123456"
    assert first.size == 6
    assert room.hold([b"12345"]) is None  # 6 + 5 = 11
    second = room.hold([b"1234"])  # 6 + 4 = 10
    assert second is not None
    assert room.left == 0


def test_a_body_gives_its_room_back_once_however_often_it_is_closed() -> None:
    room = Room(10)
    body = room.hold([b"123456"])
    assert body is not None
    for _ in range(2):
        body.close()
        assert room.left == 10


def test_a_body_that_was_let_go_of_is_not_sent() -> None:
    body = Room(10).hold([b"123456"])
    assert body is not None
    body.close()
    with pytest.raises(ValueError, match="let go of"):
        body.pieces()
