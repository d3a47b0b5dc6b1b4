from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ManifestError
from pipeline.manifest import Manifest, load

WORDS = st.sampled_from(
    # what a manifest is written with, and what it must not be, one word a line
    """jobs:
image: a.jpg
api: {url: emulator}
output: {path: out}
defaults: {seed: 3}
budget: {credits: 1}
id: a
seed: 1
-
{
}
[
]
:
,
?
#
|
>
~
<<
&a
*a
!!str
---
'
"
\\ud83d
1e400
é""".splitlines()
)
BREAKS = st.sampled_from(["", " ", "  ", "\n", "\n  ", "\n- ", "\t", "\0"])
HEAD = {"api": {"url": "emulator"}, "output": {"path": "out"}}
# what JSON may hold raw and YAML may not, or takes for an end of line, stays out
TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Zl", "Zp"],
        exclude_characters="\ufffe\uffff",
        include_characters="\n\t",
    ),
    max_size=20,
)
LETTERS = st.text("abcXYZ0189._-", min_size=1, max_size=12)
PIXELS = st.integers(0, 5000)
META = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {"image": LETTERS.map("photos/{}.jpg".format)},
    optional={
        "prompt": LETTERS,
        "seed": st.integers(0, 1_000_000) | st.just("auto"),
        "include_artifacts": st.booleans(),
        "priority": st.integers(-1_000_000, 1_000_000),
        "point_coords": st.lists(st.tuples(PIXELS, PIXELS).map(list), min_size=1, max_size=32),
        "bounding_box": st.tuples(PIXELS, PIXELS).map(lambda at: [*at, at[0] + 2, at[1] + 2]),
        "meta": st.dictionaries(TEXT, META, max_size=3),
    },
)


def load_bytes(text: bytes) -> tuple[Manifest | ManifestError, list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shop.yaml")
        path.write_bytes(text)
        try:
            manifest = load(path)
        except ManifestError as error:
            return error, []
        return manifest, list(manifest.jobs())


@given(
    st.binary() | st.lists(WORDS | BREAKS, max_size=40).map(lambda words: "".join(words).encode())
)
@settings(max_examples=200)
def test_any_bytes_are_a_manifest_or_refused_with_faults(text: bytes) -> None:
    outcome, _ = load_bytes(text)
    assert isinstance(outcome, Manifest) or outcome.faults


@given(
    st.sampled_from(["emulator", "https://a.b/v1/c", "https://a.b/x", "[", 3, None]),
    st.dictionaries(
        st.sampled_from(["id", "image", "seed", "prompt", "meta", "mask", "point_coords", "x"]),
        META,
    ),
)
def test_any_values_are_a_manifest_or_refused_with_faults(url: object, job: object) -> None:
    outcome, _ = load_bytes(json.dumps(HEAD | {"api": {"url": url}, "jobs": [job]}).encode())
    assert isinstance(outcome, Manifest) or outcome.faults


@given(
    st.lists(FIELDS, min_size=1, max_size=5),
    st.sampled_from([{}, {"indent": 1}, {"indent": "\t"}, {"ensure_ascii": False}]),
)
def test_what_is_written_is_read_alike_from_json_and_yaml(
    fields: list[dict[str, Any]], style: dict[str, Any]
) -> None:
    rows = [{"id": f"job-{number}"} | row for number, row in enumerate(fields)]
    outcome, jobs = load_bytes(json.dumps(HEAD | {"jobs": rows}, **style).encode())
    assert isinstance(outcome, Manifest)
    read = [json.loads(json.dumps(asdict(job))) for job in jobs]
    assert [{key: job[key] for key in row} for job, row in zip(read, rows, strict=True)] == rows

    _, again = load_bytes(as_yaml(rows).encode())
    assert [replace(job, line=0) for job in again] == [replace(job, line=0) for job in jobs]


def as_yaml(rows: list[dict[str, Any]]) -> str:
    lines = ["api:", "  url: emulator", "jobs:"]
    for row in rows:
        lines.append("-")
        lines += [f"  {key}: {json.dumps(given, ensure_ascii=False)}" for key, given in row.items()]
    return "\n".join([*lines, "output:", "  path: out"])
