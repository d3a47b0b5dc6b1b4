from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pipeline.ledger.owners import is_gone

if TYPE_CHECKING:
    from pathlib import Path


def test_a_manifest_that_is_there_keeps_its_ids(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").touch()
    assert not is_gone(tmp_path / "out" / "demo", "../../shop.yaml")


@pytest.mark.parametrize("name", ["renamed.yaml", "../gone/shop.yaml", "a-file/shop.yaml"])
def test_a_manifest_that_was_renamed_or_deleted_is_gone(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()
    assert is_gone(tmp_path, name)


def test_a_link_on_the_way_to_the_ledger_makes_no_manifest_disappear(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").touch()
    (tmp_path / "disk" / "results").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "results")
    assert not (tmp_path / "out" / ".." / "shop.yaml").exists()  # where the system would look
    assert not is_gone(tmp_path / "out", "../shop.yaml")


def test_a_manifest_that_cannot_be_looked_at_is_not_gone(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        os.stat(tmp_path / "loop" / "shop.yaml")  # noqa: PTH116 - as the code asks
    assert not is_gone(tmp_path, "loop/shop.yaml")
