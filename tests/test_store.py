"""Files under their names only when complete."""

import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.errors import BrokenConnectionError, StoreError
from pipeline.store import Store

pytestmark = pytest.mark.anyio


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for each in data:
        yield each


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_stream_is_written_and_hashed(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    data = [b"a" * 700_000, b"", b"b" * 900_000, b"c"]
    written = await store.write("x/y.part", pieces(*data))
    assert (tmp_path / "x" / "y.part").read_bytes() == b"".join(data)
    assert written.bytes == 1_600_001
    assert written.sha256 == hashlib.sha256(b"".join(data)).hexdigest()


async def test_a_stream_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a" * 2_000_000
        raise BrokenConnectionError("cut")

    with pytest.raises(BrokenConnectionError):
        await Store(tmp_path, "{id}").write("y.part", broken())
    assert files(tmp_path) == []


def test_temporary_names_are_hidden_and_stand_beside_their_targets(tmp_path: Path) -> None:
    assert Store(tmp_path, "{id}").temporary("mug", 7, "answer") == ".mug.7.answer.part"
    assert Store(tmp_path, "{id}/{id}").temporary("a", 7, "x") == "a/.a.7.x.part"
    assert Store(tmp_path, "m/{id}-3d").stem("a") == "m/a-3d"


async def test_placing_replaces_and_takes_the_temporary_name_away(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    (tmp_path / "a.glb").write_bytes(b"old")
    await store.write("a.part", pieces(b"new"))
    await store.place([("a.part", "a.glb")])
    assert files(tmp_path) == ["a.glb"]
    assert (tmp_path / "a.glb").read_bytes() == b"new"


async def test_a_file_with_a_second_name_stays_when_the_first_is_taken_over(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path, "{id}")
    (tmp_path / "a.glb").write_bytes(b"paid")
    await store.keep_also_as("a.glb", "a.12345678.glb")
    await store.write("a.part", pieces(b"newer"))
    await store.place([("a.part", "a.glb")])
    assert (tmp_path / "a.12345678.glb").read_bytes() == b"paid"
    assert (tmp_path / "a.glb").read_bytes() == b"newer"


async def test_a_copy_has_its_own_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    (tmp_path / "a.glb").write_bytes(b"model")
    written = await store.copy("a.glb", "b.part")
    assert written.sha256 == hashlib.sha256(b"model").hexdigest()
    assert (tmp_path / "b.part").stat().st_ino != (tmp_path / "a.glb").stat().st_ino


async def test_a_file_is_known_by_its_hash(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    (tmp_path / "a.glb").write_bytes(b"model")
    sha256 = hashlib.sha256(b"model").hexdigest()
    assert await store.holds("a.glb", sha256)
    assert not await store.holds("a.glb", "0" * 64)
    assert not await store.holds("b.glb", sha256)


@pytest.mark.parametrize("path", ["../a.glb", "x/../../a.glb", "/tmp/a.glb"])  # noqa: S108
async def test_nothing_is_written_outside_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(StoreError, match="leads out of the output folder"):
        await Store(tmp_path / "out", "{id}").write(path, pieces(b"x"))
    assert files(tmp_path) == []


async def test_a_linked_folder_does_not_lead_out_either(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="leads out"):
        await Store(tmp_path / "out", "{id}").write("x/a.glb", pieces(b"x"))
    assert files(tmp_path / "elsewhere") == []


async def test_a_disk_that_refuses_is_told_with_the_files_name(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    (tmp_path / "a.part").mkdir()
    with pytest.raises(StoreError, match=r"a\.part: the output folder fails"):
        await store.write("a.part", pieces(b"x"))


async def test_json_is_replaced_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    await store.place([], ("a.json", {"name": "Möbel", "n": 1}))
    await store.place([], ("a.json", {"name": "Möbel", "n": 2}))
    assert files(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "name": "Möbel",\n  "n": 2\n}\n'


async def test_what_was_just_written_is_believed_once_and_read_after_that(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    written = await store.write("a.part", pieces(b"model"))
    (tmp_path / "a.part").write_bytes(b"other")
    assert await store.holds("a.part", written.sha256)
    assert not await store.holds("a.part", written.sha256)
    again = await store.write("a.part", pieces(b"model"))
    assert not await store.holds("a.part", "0" * 64)
    assert await store.holds("a.part", again.sha256)


async def test_the_head_of_what_was_just_written_is_known_once_and_read_after_that(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path, "{id}")
    await store.write("y.part", pieces(b"glTF", b"x" * 1000))
    (tmp_path / "y.part").write_bytes(b"another")
    assert await store.read("y.part", 512) == b"glTF" + b"x" * 508
    assert await store.read("y.part", 512) == b"another"


async def test_the_head_of_what_stood_there_before_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    await store.write("y.part", pieces(b"older"))
    await store.derive("y.part", lambda file: file.write(b"newer"))
    assert await store.read("y.part", 512) == b"newer"
    await store.write("z.part", pieces(b"placed"))
    await store.place([("z.part", "z.glb")])
    (tmp_path / "z.part").write_bytes(b"another")
    assert await store.read("z.part", 512) == b"another"


@pytest.mark.parametrize("data", [[b"abc"], [bytes(65_537)], [bytes(1 << 20), b"ab"]])
async def test_a_file_that_was_written_is_read_from_the_disk(
    tmp_path: Path, data: list[bytes]
) -> None:
    store = Store(tmp_path, "{id}")
    await store.write("a.part", pieces(*data))
    (tmp_path / "a.part").write_bytes(b"other bytes")
    file, size = store.opened("a.part")
    with file:
        assert (file.read(), size) == (b"other bytes", 11)


async def test_more_than_a_head_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    await store.write("y.part", pieces(b"x" * 1000))
    assert await store.read("y.part", 1000) == b"x" * 1000


async def test_a_trickle_is_not_held_byte_by_byte(tmp_path: Path) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for number in range(60_000):
            yield number.to_bytes(2)

    tracemalloc.start()
    try:
        written = await Store(tmp_path, "{id}").write("y.part", trickle())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written.bytes == 120_000
    # 60,000 objects of 35 bytes, and 8 for each in a list, are 2.5 MB
    assert peak < 1_000_000


async def test_a_text_that_cannot_be_written_whole_replaces_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, "{id}")
    await store.place([], ("a.json", {"n": 1}))
    (tmp_path / "a.json.part").mkdir()
    with pytest.raises(StoreError, match="the output folder fails"):
        await store.place([], ("a.json", {"n": 2}))
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "n": 1\n}\n'


def test_a_folder_is_tried_out_once_a_second(tmp_path: Path) -> None:
    times = iter([10.0, 10.9, 11.1])
    store = Store(tmp_path, "{id}", clock=lambda: next(times))
    store.ready(".a.part", 0)
    assert files(tmp_path) == []
    (tmp_path / ".a.part").mkdir()
    store.ready(".a.part", 0)
    with pytest.raises(StoreError, match="the output folder fails"):
        store.ready(".a.part", 0)
