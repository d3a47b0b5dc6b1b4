"""Jobs that are kept: the same as parsing gives, of the same text only, and never needed."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest

from pipeline.manifest import Manifest, load
from pipeline.manifest.kept import KEPT_FROM, keep, kept
from pipeline.manifest.spool import Spool
from pipeline.model import Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "api: {url: emulator}\noutput: {path: out}\nlimits: {attempts: 7}\ndefaults: {seed: 7}\n"
JOBS = "jobs:\n" + "".join(
    f"  - {{id: j{number}, image: 'ü {number}.jpg', point_coords: [[1, 2.5]], meta: {{a: [b]}}}}\n"
    for number in range(KEPT_FROM)
)
FEW = "jobs:\n" + "".join(f"  - {{image: {number}.jpg}}\n" for number in range(KEPT_FROM - 1))
NAME = "ledger.sqlite.shop.yaml.jobs"

OTHERS = [Job("other", "other.jpg")]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def others() -> Spool:
    spool = Spool()
    for job in OTHERS:
        spool.add(job)
    spool.seal()
    return spool


def foist(path: Path, text: str) -> None:
    """Keep other jobs than the text's: whoever gives them did not parse it."""
    keep(path, hashlib.sha256(text.encode()).digest(), len(OTHERS), others())


def test_kept_jobs_and_sections_are_those_of_the_text(
    loaded: Callable[[str], Manifest], out: Path
) -> None:
    parsed = loaded(HEAD + JOBS)
    assert [path.name for path in out.iterdir()] == [NAME]
    remembered = load(parsed.path)
    assert remembered == parsed
    assert remembered.limits.attempts == 7
    assert list(remembered.jobs()) == list(parsed.jobs())
    assert remembered.count == KEPT_FROM


def test_a_text_that_is_unchanged_is_not_parsed_again(
    loaded: Callable[[str], Manifest], out: Path
) -> None:
    foist(out / NAME, HEAD + JOBS)
    manifest = loaded(HEAD + JOBS)
    assert (list(manifest.jobs()), manifest.count) == (OTHERS, 1)
    manifest.keep()  # there is nothing new to be kept
    assert list(load(manifest.path).jobs()) == OTHERS


@pytest.mark.parametrize(
    "text",
    [
        HEAD + JOBS + "# new\n",
        "# new\n" + HEAD + JOBS,
        HEAD.replace("attempts: 7", "attempts: 8") + JOBS,
        HEAD.replace("seed: 7", "seed: 8") + JOBS,
        HEAD + JOBS + "  - {id: more, image: more.jpg}\n",
    ],
)
def test_of_a_text_that_changed_nothing_is_taken_and_the_file_is_replaced(
    text: str, loaded: Callable[[str], Manifest], out: Path
) -> None:
    foist(out / NAME, HEAD + JOBS)
    assert loaded(text).count >= KEPT_FROM
    assert kept(out / NAME, hashlib.sha256(text.encode()).digest()) is not None
    assert kept(out / NAME, hashlib.sha256((HEAD + JOBS).encode()).digest()) is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def lengthened(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"[]\n")


def altered(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"other.jpg", b"wrong.jpg"))


def older(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"catalog3d-jobs-1", b"catalog3d-jobs-0"))


def foreign(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" * 100)


def a_copy(path: Path) -> None:
    """Such as comes out of an archive, or with a checkout."""
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "harm", [cut, emptied, lengthened, altered, older, foreign, a_copy, a_link]
)
def test_a_file_that_is_not_what_was_kept_is_ignored_and_replaced(
    harm: Callable[[Path], None], loaded: Callable[[str], Manifest], out: Path
) -> None:
    foist(out / NAME, HEAD + JOBS)
    harm(out / NAME)
    assert loaded(HEAD + JOBS).count == KEPT_FROM
    assert kept(out / NAME, hashlib.sha256((HEAD + JOBS).encode()).digest()) is not None
    assert not list(out.glob("*.part"))


def test_a_folder_in_the_way_is_left_alone(loaded: Callable[[str], Manifest], out: Path) -> None:
    (out / NAME / "a").mkdir(parents=True)
    assert loaded(HEAD + JOBS).count == KEPT_FROM
    assert [path.name for path in out.iterdir()] == [NAME]


def test_no_folder_is_made_for_what_is_kept_until_somebody_else_made_it(
    loaded: Callable[[str], Manifest], tmp_path: Path
) -> None:
    manifest = loaded(HEAD + JOBS)
    assert [path.name for path in tmp_path.iterdir()] == ["shop.yaml"]
    (tmp_path / "out").mkdir()
    manifest.keep()
    assert list(load(manifest.path).jobs()) == list(manifest.jobs())
    assert [path.name for path in (tmp_path / "out").iterdir()] == [NAME]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + FEW, id="few jobs"),
        pytest.param(JOBS + HEAD, id="everything behind the jobs"),
        pytest.param(HEAD + JOBS + "safety:\n", id="a section behind the jobs"),
    ],
)
def test_few_jobs_and_jobs_before_sections_are_not_kept(
    text: str, loaded: Callable[[str], Manifest], out: Path
) -> None:
    manifest = loaded(text)
    assert list(load(manifest.path).jobs()) == list(manifest.jobs())
    assert list(out.iterdir()) == []
