"""Files given their names, many at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pipeline.store.renaming import Renaming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio


class Gate:
    """Runs work once it is open, and remembers how many moves each call took."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.open = anyio.Event()

    async def __call__(self, work: Callable[..., Any], /, *args: Any) -> Any:
        self.sizes.append(len(args[0]))
        await self.open.wait()
        return work(*args)


class Breaking(Gate):
    """Has no memory for the work."""

    async def __call__(self, work: Callable[..., Any], /, *args: Any) -> Any:
        await super().__call__(lambda _: None, *args)
        raise MemoryError(work)


def part(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a temporary file; give its path, and the one that it is to get."""
    temporary = folder / f".{name}.part"
    temporary.write_text(name)
    return temporary, folder / name


def found(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


async def test_what_waits_while_others_are_renamed_goes_together(tmp_path: Path) -> None:
    gate = Gate()
    rename = Renaming(gate)
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(rename, [part(tmp_path, f"{number}.glb")], [])
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert gate.sizes == [1, 5]
    assert found(tmp_path) == {f"{number}.glb": f"{number}.glb" for number in range(6)}


async def test_a_text_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    gate = Gate()
    gate.open.set()
    await Renaming(gate)([part(tmp_path, "a.glb")], [(tmp_path / "a.json", "new")])
    assert found(tmp_path) == {"a.glb": "a.glb", "a.json": "new"}


async def test_a_rename_that_fails_fails_alone(tmp_path: Path) -> None:
    gate = Gate()
    rename = Renaming(gate)
    failed: list[str] = []

    async def asked(name: str, *, is_there: bool) -> None:
        pair = part(tmp_path, name)
        if not is_there:
            pair[0].unlink()
        try:
            await rename([pair], [])
        except FileNotFoundError:
            failed.append(name)

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(partial(asked, f"{number}.glb", is_there=number % 2 == 0))
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert sorted(failed) == ["1.glb", "3.glb", "5.glb"]
    assert sorted(found(tmp_path)) == ["0.glb", "2.glb", "4.glb"]


async def test_whoever_waited_learns_that_the_work_broke(tmp_path: Path) -> None:
    gate = Breaking()
    told: list[str] = []
    rename = Renaming(gate)

    async def asked(name: str) -> None:
        try:
            await rename([part(tmp_path, name)], [])
        except MemoryError:
            told.append(name)

    async with anyio.create_task_group() as tasks:
        for name in "abc":
            tasks.start_soon(asked, name)
        await anyio.wait_all_tasks_blocked()
        gate.open.set()
    assert sorted(told) == ["a", "b", "c"]


async def test_who_is_cancelled_waits_until_the_names_are_given(tmp_path: Path) -> None:
    gate = Gate()
    rename = Renaming(gate)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rename, [part(tmp_path, "a")], [])
        tasks.start_soon(rename, [part(tmp_path, "b")], [])
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        gate.open.set()
    assert found(tmp_path) == {"a": "a", "b": "b"}
