from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ManifestError
from pipeline.manifest import load
from pipeline.manifest.faults import Faults, Place, clipped, written

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_first_hundred_faults_are_told_and_the_others_counted(
    faults_of: Callable[[str], list[str]],
) -> None:
    jobs = "".join(f"  - {{image: {number}.jpg, seed: -1}}\n" for number in range(5000))
    faults = faults_of("api: {url: emulator}\noutput: {path: out}\njobs:\n" + jobs + "limit: 1\n")
    # 5000 seeds and one section; the faults of lines 4 to 103 are told
    assert len(faults) == 101
    assert [fault.split(":")[0] for fault in faults[:-1]] == [str(line) for line in range(4, 104)]
    assert faults[-1] == "… and 4901 more"


def test_faults_are_sorted_by_place_as_numbers() -> None:
    faults = Faults("m.yaml")
    for line, column in ((10, 1), (2, 11), (2, 3)):
        faults.add(Place(line, column), ("a",), "is wrong")
    assert list(faults.lines()) == [
        "m.yaml:2:3: a: is wrong",
        "m.yaml:2:11: a: is wrong",
        "m.yaml:10:1: a: is wrong",
    ]


def test_merged_faults_are_all_counted() -> None:
    faults, others = Faults("m.yaml"), Faults("m.yaml")
    for line in range(1, 1501):
        others.add(Place(line, 1), (), "is wrong")
    faults.add(Place(7, 2), (), "is wrong")
    faults.merge(others)
    assert len(faults) == 1501
    assert list(faults.lines())[-1] == "… and 1401 more"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("jobs", 3, "seed"), "jobs[3].seed"),
        (("jobs", 0, "meta", "size cm"), 'jobs[0].meta["size cm"]'),
        (("a\nb",), '["a\\nb"]'),
    ],
)
def test_paths_are_written_as_users_read_them(path: tuple[str | int, ...], text: str) -> None:
    assert written(path) == text


def test_long_text_loses_its_middle() -> None:
    assert clipped("a" * 100 + "b" * 100) == f'"{"a" * 30}…{"b" * 15}"'


@pytest.mark.parametrize(
    "text",
    [
        "api: {url: emulator, key: SG_0123456789abcdef}",
        "api: {url: emulator, key_env: SG_0123456789abcdef}",
        "api: {url: emulator, SG_0123456789abcdef: 1}",
        "api: {url: emulator, key_env: my very secret 0123456789abcdef}",
        "api: {url: 'https://x.com/v1/y?key=0123456789abcdef'}",
        "api: {url: 'https://me:0123456789abcdef@x.com/v1/y'}",
        "api: {url: emulator, timeout: SG_0123456789abcdef}",
        "limits: {attempts: SG_0123456789abcdef}",
        "SG_0123456789abcdef: 1",
    ],
)
def test_a_key_is_never_shown(text: str, faults_of: Callable[[str], list[str]]) -> None:
    faults = faults_of(f"{text}\noutput: {{path: out}}\njobs: [{{image: a.jpg}}]\n")
    assert "0123456789abcdef" not in "\n".join(faults)


def test_the_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    relative = Path(os.path.relpath(tmp_path / "shop.yaml"))
    relative.write_text("[]")
    with pytest.raises(ManifestError) as caught:
        load(relative)
    assert caught.value.faults[0].startswith(f"{relative}:1:1: ")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    absent, fifo, vast = tmp_path / "absent.yaml", tmp_path / "fifo", tmp_path / "vast.yaml"
    os.mkfifo(fifo)
    with vast.open("wb") as file:
        file.truncate((1 << 30) + 1)
    for path, message in (
        (absent, "there is no such file"),
        (tmp_path, "is a folder: name the manifest's file"),
        (fifo, "is no regular file, and is to be read twice: save it"),
        (vast, "is larger than 1 GiB: split it"),
        (vast / "x.yaml", "cannot be read: Not a directory"),
    ):
        with pytest.raises(ManifestError) as caught:
            load(path)
        assert caught.value.faults == (f"{path}: {message}",)
