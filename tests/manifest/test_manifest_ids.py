"""Equal ids are found exactly, whatever their hashes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.manifest.faults import Faults, Place
from pipeline.manifest.ids import Ids

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = st.text(st.sampled_from("aAbB-."), min_size=1, max_size=3)
EQUAL = "this id too: ids must differ in more than case"
MADE_EQUAL = "the id that its picture's name makes: state an `id`"


def told(ids: list[tuple[str, bool]], hashed: Callable[[str], int] = hash) -> list[str]:
    """Note ids, each a line, and give what is said of them."""
    seen, faults = Ids(hashed), Faults("f")
    for index, (identity, stated) in enumerate(ids):
        seen.add(identity, index, Place(index + 1, 7), stated=stated)
    seen.tell_equal(faults)
    return list(faults.lines())


@pytest.mark.parametrize("hashed", [hash, len, lambda _: -1], ids=["own", "length", "all equal"])
@given(ids=st.lists(st.tuples(IDS, st.booleans()), max_size=30))
def test_each_id_that_stands_earlier_is_told_and_no_other(
    ids: list[tuple[str, bool]], hashed: Callable[[str], int]
) -> None:
    expected, firsts = [], dict[str, int]()
    for index, (identity, stated) in enumerate(ids):
        first = firsts.setdefault(identity.lower(), index)
        if first == index:
            continue
        path = f"jobs[{index}].id" if stated else f"jobs[{index}]"
        said = f"jobs[{first}] in line {first + 1} has {EQUAL if stated else MADE_EQUAL}"
        expected.append(f"f:{index + 1}:7: {path}: {said}")
    assert told(ids, hashed) == expected


def test_ids_beyond_what_memory_holds_are_compared_too() -> None:
    # 40,000 lines of about 35 bytes are more than the 1 MiB that waits in memory
    ids = [(f"a-rather-long-name-{number:06}", True) for number in range(40_000)]
    assert told(ids) == []
    [said] = told([*ids, ("A-rather-long-name-000007", True)])
    assert said == f"f:40001:7: jobs[40000].id: jobs[7] in line 8 has {EQUAL}"
