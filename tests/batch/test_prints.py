"""A set of fingerprints that takes little room."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.prints import Prints


@given(st.lists(st.integers(0, 50)))
def test_a_print_is_there_once_it_was_taken_in(numbers: list[int]) -> None:
    prints, plain = Prints(), set[int]()
    for number in numbers:
        fingerprint = hashlib.sha256(bytes([number])).hexdigest()
        assert prints.has(fingerprint) is (number in plain)
        prints.add(fingerprint)
        plain.add(number)


def test_prints_that_begin_alike_are_told_apart() -> None:
    prints = Prints()
    prints.add("abcd" + "0" * 60)
    assert not prints.has("abcd" + "0" * 15 + "1" + "0" * 44)
    assert not prints.has("abce" + "0" * 60)
