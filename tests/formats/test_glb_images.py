import base64

import pytest
from format_files import refused, verified
from glb_builder import Model, tetrahedron

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8
PNG_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


def textured(data: bytes) -> Model:
    model = tetrahedron()
    model.document |= {
        "images": [{"bufferView": model.view(data), "mimeType": "image/png"}],
        "samplers": [{}],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    model.document["meshes"][0]["primitives"][0]["material"] = 0
    return model


@pytest.mark.parametrize("data", [PNG, b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBP"])
def test_pictures_are_known_by_their_first_bytes(data: bytes) -> None:
    summary = verified(textured(data).pack())
    assert (summary.materials, summary.textures) == (1, 1)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"uri": "wood.png"}, "images[0].uri refers to something outside the file: 'wood.png'"),
        ({"uri": "data:image/png,raw"}, "images[0].uri refers to something outside the file"),
        ({"uri": "data:image/png;base64,AAAA"}, "begins with '\\x00\\x00\\x00'"),
        ({"uri": 5}, "images[0].uri is 5, not a string"),
        ({}, "images[0].bufferView is None"),
    ],
)
def test_an_image_that_is_not_there_is_refused(image: object, reason: str) -> None:
    model = textured(PNG)
    model.document["images"] = [image]
    assert reason in refused(model.pack()).replace("b'", "'")


def test_an_image_of_zeros_is_refused() -> None:
    assert "images[0] begins with" in refused(textured(b"\0" * 16).pack())


def test_an_image_may_stand_in_the_document_itself() -> None:
    model = textured(PNG)
    model.document["images"] = [{"uri": PNG_URI}]
    assert verified(model.pack()).textures == 1
