from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ManifestError
from pipeline.manifest import Manifest, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str | bytes], Manifest]:
    """Load a text that stands in `shop.yaml`."""

    def load_text(text: str | bytes) -> Manifest:
        path = tmp_path / "shop.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(path)

    return load_text


@pytest.fixture
def faults_of(
    loaded: Callable[[str | bytes], Manifest], tmp_path: Path
) -> Callable[[str | bytes], list[str]]:
    """Load a text that is wrong, and give its faults without the file's name."""

    def refused(text: str | bytes) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            loaded(text)
        assert all(
            fault.startswith((f"{tmp_path / 'shop.yaml'}:", "…")) for fault in caught.value.faults
        )
        return [fault.removeprefix(f"{tmp_path / 'shop.yaml'}:") for fault in caught.value.faults]

    return refused
