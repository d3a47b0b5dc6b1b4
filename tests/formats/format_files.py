"""What the tests of formats share: a file of these bytes, verified."""

import tempfile
from pathlib import Path

import pytest

from pipeline.errors import FormatError
from pipeline.formats import Summary, verify


def verified(data: bytes) -> Summary:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result"
        path.write_bytes(data)
        return verify(path)


def refused(data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        verified(data)
    assert caught.value.kind == "bad_result"
    return caught.value.message


def judged(data: bytes) -> Summary | FormatError:
    """Verify hostile bytes; whatever else is raised fails the test."""
    try:
        return verified(data)
    except FormatError as error:
        refusal = error
    assert refusal.message.isascii()
    assert "\n" not in refusal.message
    assert len(refusal.message) < 500
    return refusal
