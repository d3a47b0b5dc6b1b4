"""Every fault that text alone can show: `*_faults.txt` hold the manifests and what is said of each.

A case is `## its sentence`, the manifest, `=>`, and the faults, whole but for the file's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def cases() -> Iterator[object]:
    for table in ("syntax", "section", "job"):
        text = (Path(__file__).parent / f"{table}_faults.txt").read_text("utf-8")
        for case in text.removeprefix("## ").split("\n## "):
            sentence, _, rest = case.partition("\n")
            manifest, _, faults = rest.partition("=>\n")
            yield pytest.param(manifest, faults.split("\n")[:-1], id=f"{table}: {sentence}")


@pytest.mark.parametrize(("manifest", "faults"), list(cases()))
def test_a_wrong_manifest_is_refused_with_all_its_faults(
    manifest: str, faults: list[str], faults_of: Callable[[str], list[str]]
) -> None:
    assert faults
    assert faults_of(manifest) == faults
