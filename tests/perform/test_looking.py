"""Files looked at before they get their names."""

from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.ledger import Stored
from pipeline.model import Artifact
from pipeline.perform.looking import look_at_all
from pipeline.store import Store


def test_a_result_that_cannot_be_read_is_a_failure_of_the_folder(tmp_path: Path) -> None:
    """A StoreError ends the run with a summary; anything else would be an internal error."""
    (tmp_path / "a.part").mkdir()
    file = Stored(Artifact("result", "a.part", "0" * 64, 9), "a.part", placed=False)
    with pytest.raises(StoreError, match=r"a\.part: the output folder fails"):
        look_at_all(Store(tmp_path, "{id}"), "a", [file])
