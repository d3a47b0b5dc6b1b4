import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.emulator.faults import Fault
from pipeline.emulator.scenario import read


def written(folder: Path, content: Any) -> Path:
    path = folder / "scenario.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_scenario_says_when_each_fault_strikes(tmp_path: Path) -> None:
    items = [
        {"kind": "504-after", "at": 3},
        {"kind": "cut", "at": [1, 2]},
        {"kind": "500", "every": 10},
        {"kind": "503", "rate": 0.2},
        {"kind": "down", "at": 5, "value": 2.5},
        {"kind": "307", "at": 6, "value": "http://127.0.0.1:99/"},
    ]
    assert read(written(tmp_path, items)) == (
        Fault("504-after", at=frozenset({3})),
        Fault("cut", at=frozenset({1, 2})),
        Fault("500", every=10),
        Fault("503", 0.2),
        Fault("down", at=frozenset({5}), value="2.5"),
        Fault("307", at=frozenset({6}), value="http://127.0.0.1:99/"),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ({}, "JSON list"),
        ([{"kind": "cut", "at": 1}, 7], "item 2"),
        ([{"at": 1}], '"kind"'),
        ([{"kind": "teapot", "at": 1}], "no kind of fault"),
        ([{"kind": "cut"}], "one of"),
        ([{"kind": "cut", "at": 1, "rate": 1}], "one of"),
        ([{"kind": "cut", "at": 1, "when": 2}], "unknown: when"),
        *[([{"kind": "cut", "at": at}], "at must") for at in (0, "1", 1.5, [True], None)],
        *[([{"kind": "cut", "every": n}], "every") for n in (-1, 0, 1.5, "2")],
        *[([{"kind": "cut", "rate": rate}], "rate") for rate in (-1, 1.5, "0.5", True)],
        ("[" * 100_000, "not valid JSON"),
        (" " * 1_000_001, "at most"),
    ],
)
def test_what_is_no_scenario_is_refused_with_its_place(
    content: Any, words: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=words) as refused:
        read(path)
    assert str(path) in str(refused.value)
