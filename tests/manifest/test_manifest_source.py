from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from pipeline.manifest.faults import EndOfReadingError
from pipeline.manifest.source import PIECE_MAX, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.manifest import Manifest

JOBS = "api: {url: emulator}\noutput: {path: out}\njobs:\n"
BLOCK = 1 << 16

REFUSED: list[tuple[str, str | bytes, list[str]]] = [
    (
        "brackets without end",
        JOBS + "  - " + "[" * 100_000,
        ["4:19: jobs[0]" + 14 * "[0]" + ": is nested deeper than 16 levels"],
    ),
    (
        "brackets without end at the top",
        "[" * 100_000,
        ["1:1: the file must be a mapping with keys such as `output` and `jobs`"],
    ),
    ("nothing", "", ["1:1: the file is empty: a manifest needs `output` and `jobs`"]),
    ("no content", "---\n", ["2:1: the file is empty: a manifest needs `output` and `jobs`"]),
    (
        "a NUL byte",
        JOBS + "  - image: a\0.jpg\n",
        ["4:13: a NUL byte: the file is not text, or is UTF-16; save it as UTF-8"],
    ),
    (
        "a control character behind other faults",
        JOBS + "  - {image: a.jpg, seed: -1}\n  - image: a\7.jpg\n",
        [
            "4:26: jobs[0].seed: must be a whole number from 0 to 1000000, or `auto`, not -1",
            "5:13: the control character U+0007 cannot stand in a manifest: remove it",
        ],
    ),
    (
        "a text of 64 KiB and one character",
        JOBS + "  - {image: a.jpg, meta: {a: " + "x" * 65537 + "}}\n",
        ["4:30: jobs[0].meta.a: is longer than 64 KiB"],
    ),
    (
        "a key of 64 KiB and one character",
        JOBS + "  - image: a.jpg\n    meta:\n      ? " + "x" * 65537 + "\n      : 1\n",
        ["6:9: jobs[0].meta: is longer than 64 KiB"],
    ),
    (
        "more values in a job than 80 MiB / 1 KiB = 81920",
        JOBS + "  - {image: a.jpg, meta: {a: [" + "1, " * 90_000 + "]}}\n",
        ["4:245530: jobs[0]: is larger than 80 MiB"],
    ),
    (
        "deep JSON in text",
        JOBS + "  - {image: a.jpg, point_coords: '" + "[" * 60_000 + "'}\n",
        [
            (
                "4:34: jobs[0].point_coords: must be 1 to 32 points in pixels, [[x, y], …], or the "
                f'same as JSON text, not the text "{"[" * 30}…{"[" * 15}"'
            )
        ],
    ),
    ("Latin-1", b"# caf\xe9\n", ["1:6: byte 6 of the file is not UTF-8: save the file as UTF-8"]),
    (
        "Latin-1 behind other faults",
        (JOBS + "  - {image: a.jpg, sed: 1}\n  - {image: caf").encode() + b"\xe9.jpg}\n",
        [
            "4:20: jobs[0].sed: is no key here: did you mean `seed`?",
            # 21 + 19 + 2 + 6 bytes of the first three lines, 27 of the fourth, 15 of the fifth
            "5:16: byte 90 of the file is not UTF-8: save the file as UTF-8",
        ],
    ),
    (
        "a character cut by the end",
        (JOBS + "  - image: caf").encode() + b"\xc3",
        ["4:15: byte 62 of the file is not UTF-8: save the file as UTF-8"],
    ),
    ("UTF-16", JOBS.encode("utf-16"), ["1:1: the file is UTF-16: save it as UTF-8"]),
    (
        "UTF-16, the other way round",
        b"\xfe\xff" + JOBS.encode("utf-16-be"),
        ["1:1: the file is UTF-16: save it as UTF-8"],
    ),
    ("UTF-32", JOBS.encode("utf-32"), ["1:1: the file is UTF-32: save it as UTF-8"]),
    (
        "UTF-16 without a mark",
        JOBS.encode("utf-16-le"),
        ["1:2: a NUL byte: the file is not text, or is UTF-16; save it as UTF-8"],
    ),
]


@pytest.mark.parametrize(
    ("text", "faults"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_bytes_that_are_no_manifest_are_refused_at_their_place(
    text: str | bytes, faults: list[str], faults_of: Callable[[str | bytes], list[str]]
) -> None:
    assert faults_of(text) == faults


def test_a_mark_of_utf_8_is_no_part_of_the_text(loaded: Callable[[bytes], Manifest]) -> None:
    (job,) = loaded(b"\xef\xbb\xbf" + (JOBS + "  - image: a.jpg\n").encode()).jobs()
    assert (job.image, job.line) == ("a.jpg", 4)


def test_the_parser_never_holds_more_than_one_piece() -> None:
    source = Source(BytesIO(b"x" * (PIECE_MAX + 1)))
    for _ in range(PIECE_MAX // BLOCK):
        source.read()
    with pytest.raises(EndOfReadingError, match="larger than 64 MiB"):
        source.read()


def test_a_piece_begins_anew_with_each_value() -> None:
    source = Source(BytesIO(b"x" * (PIECE_MAX + 1)))
    for _ in range(PIECE_MAX // BLOCK + 1):
        source.piece = 0
        assert source.read()
    assert not source.read()


@pytest.mark.parametrize("shift", range(14))
def test_surrogate_pairs_of_json_are_joined_wherever_a_block_is_cut(shift: int) -> None:
    # \ud83d\ude00 is 12 bytes, and begins 0 to 13 bytes before the end of the first block
    text = '{"a": "' + "x" * (BLOCK - 7 - shift) + '\\ud83d\\ude00y"}'
    source = Source(BytesIO(text.encode()))
    assert source.read() + source.read() == text.replace("\\ud83d\\ude00", "\\U0001F600")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\\\ud83d\\\\ude00"}',  # escaped backslashes
        '{"a": "\\ud83dx\\ude00"}',  # a high one alone, and a low one
        '{"a": "\\ud8zz\\udezz"}',  # no hexadecimal digits
        '{"a": "\\ud8  \\ude00"}',  # blanks, which bytes.fromhex() would pass over
        "a: '\\ud83d\\ude00'",  # no JSON
    ],
)
def test_other_backslashes_stay(text: str) -> None:
    source = Source(BytesIO(text.encode()))
    assert source.read() + source.read() == text
