"""Any bytes as an answer: understood, or not understood, and nothing else."""

import base64
import gzip
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import GLB

from pipeline.api.endpoint import Endpoint
from pipeline.ledger import Stored
from pipeline.model import Artifact, Job, Status, Ticket
from pipeline.perform.reading import NotUnderstoodError, arrange, open_answer
from pipeline.store import Store

TICKET = Ticket(Job("a", "a.png"), "f" * 64, Status.RECEIVED)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.just("http://x/a.glb"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["output", "url", "model_glb", "gaussian_splat", "error", "x"]), inner
        )
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=400),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail),
    st.binary(max_size=200).map(lambda tail: b"glTF" + tail),
    st.binary(max_size=200).map(gzip.compress),
    st.binary(max_size=200).map(base64.b64encode),
    st.integers(0, len(GLB)).map(lambda cut: base64.b64encode(GLB[:cut])),
)


@given(BODIES)
@settings(max_examples=150, deadline=None)
def test_any_body_is_read_or_not_understood(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(read, Path(folder), body)


ENDPOINT = Endpoint("https://h/v1/sam-3d-objects", "v1", "local", 1.0)


async def read(folder: Path, body: bytes) -> None:
    (folder / ".a.part").write_bytes(body)
    desk: Any = SimpleNamespace(
        store=Store(folder, "{id}"), client=SimpleNamespace(endpoint=ENDPOINT)
    )
    answer = Stored(Artifact("answer", ".a.part", "0" * 64, len(body)), ".a.part", placed=False)
    try:
        contents = await open_answer(desk, TICKET, answer)
        if not contents.links:
            assert (await arrange(desk, TICKET, contents.files))[0].artifact.role == "result"
    except NotUnderstoodError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, and this one has words
    else:
        assert contents.links or contents.files
