import pytest
from format_files import refused, verified
from glb_builder import changed, glb


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the JSON chunk cannot be read"),
        (b'{"asset":', "the JSON chunk cannot be read"),
        (b'{"asset": "\xff"}', "the JSON chunk cannot be read: 'utf-8'"),
        (b'\xef\xbb\xbf{"asset":{"version":"2.0"}}', "BOM"),
        (b'{"asset":{"version":"2.0"}} {}', "Extra data"),
        (b'{"asset":{"version":"2.0"},"extras":NaN}', "NaN is not a finite number"),
        (b'{"asset":{"version":"2.0"},"extras":-Infinity}', "-Infinity is not a finite number"),
        (b'{"asset":{"version":"2.0"},"extras":1e999}', "1e999 is not a finite number"),
        (b'{"asset":{"version":"2.0"},"extras":' + b"9" * 5000 + b"}", "is not a finite number"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deep"),
        (b"[" + b"[]," * 300_000 + b"1]", "more than 500,000 values"),
        (b"[]", "the document is an array, not an object"),
        (b"{}", "asset.version is '', only 2.x is known"),
        (b'{"asset":2}', "asset is 2, not an object"),
        (b'{"asset":{"version":2.0}}', "asset.version is 2, not a string"),
        (b'{"asset":{"version":"1.0"}}', "asset.version is '1.0'"),
        (b'{"asset":{"version":"2.\\u0000\\u202e"}}', "asset.version is '2.\\x00\\u202e'"),
        (b'{"asset":{"version":"' + b"2" * 9999 + b'"}}', "2222', only 2.x is known"),
    ],
)
def test_a_json_chunk_that_cannot_be_trusted_is_refused(text: bytes, reason: str) -> None:
    assert reason in refused(glb(text))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("meshes", {}, "meshes is an object, not an array"),
        ("meshes/0", 7, "meshes[0] is 7, not an object"),
        ("meshes/0/primitives", "all", "primitives is 'all', not an array"),
        ("accessors/0/count", "4", "accessors[0].count is '4', not an integer of 1 or more"),
        ("accessors/0/count", 4.5, "accessors[0].count is 4.5"),
        ("accessors/0/count", True, "accessors[0].count is True"),
        ("accessors/0/count", 0, "accessors[0].count is 0"),
        ("accessors/0/count", ..., "accessors[0].count is None"),
        ("accessors/0/normalized", 1, "accessors[0].normalized is 1, not true or false"),
        ("accessors/0/byteOffset", -4, "accessors[0].byteOffset is -4"),
        ("accessors/0/type", None, "accessors[0].type is None, not a string"),
        ("bufferViews/0/extensions", [], "bufferViews[0].extensions is an array, not an object"),
        ("extensionsUsed", [1], "extensionsUsed holds something that is not a string"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused_by_its_path(
    path: str, value: object, reason: str
) -> None:
    assert reason in refused(changed(path, value))


def test_integers_may_be_written_as_decimals() -> None:
    text = b'"componentType": 5123.0, "count": 1.2e1'
    whole = changed("extras", None).replace(b'"componentType": 5123, "count": 12', text)
    # the text grew, so the chunk's and the file's lengths are made anew
    document = whole[20 : whole.index(b"BIN\0") - 4].rstrip()
    binary = whole[whole.index(b"BIN\0") + 4 :]
    assert text in document
    assert verified(glb(document, binary)).triangles == 4


def test_a_generator_is_kept_printable_and_short() -> None:
    summary = verified(changed("asset/generator", "\x1b[2J\ud800é" + "x" * 1000))
    assert summary.generator == "\\x1b[2J\\ud800\\xe9" + "x" * 54


def test_extensions_are_listed_once_each() -> None:
    summary = verified(changed("extensionsUsed", ["B", "A", "B"]))
    assert summary.extensions == ("A", "B")
