import base64
import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from emulator.emulator_serving import Answer, Api, ball, serving, text

from pipeline.emulator.shapes import SHAPES

pytestmark = pytest.mark.anyio
PROPERTIES = (
    "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
)


async def both(api: Api, **fields: Any) -> tuple[Answer, Any]:
    """Give v1's answer and what v2's result call says."""
    submitted = await api.make(2, **fields)
    return await api.make(1, **fields), (await api.finish(submitted.json["request_id"])).json


async def fetched(api: Api, url: str) -> bytes:
    return (await api.call("GET", url, headers={})).body


def splats(ply: bytes) -> tuple[str, Any]:
    head, _, data = ply.partition(b"end_header\n")
    lines = head.decode().splitlines()
    assert lines[0] == "ply"
    assert [line.split()[2] for line in lines if line.startswith("property")] == PROPERTIES.split()
    assert all(line.split()[1] == "float" for line in lines if line.startswith("property"))
    count = int(next(line for line in lines if line.startswith("element vertex")).split()[2])
    if lines[1] == "format ascii 1.0":
        values = np.loadtxt(io.BytesIO(data), np.float32)
    else:
        assert lines[1] == "format binary_little_endian 1.0"
        assert len(data) == 68 * count
        values = np.frombuffer(data, "<f4").reshape(-1, 17)
    assert values.shape == (count, 17)
    assert np.isfinite(values).all()
    return lines[1], values


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_leads_to_a_model_in_both_versions(shape: str) -> None:
    async with serving(answers=(shape,)) as api:
        v1, v2 = await both(api)
        books = await api.books()
        history = await api.call("GET", "/inference-request/request-history")
        rows = history.json["results"]
        stored = [await fetched(api, row["generation_url"]) for row in rows]
    assert (v1.status, v2["status"], v2["error"]) == (200, "COMPLETED", None)
    assert v1.headers["x-cost"] == "0.0627"
    assert [row["shape"] for row in books["requests"]] == [shape] * 2
    starts = {"ply": b"ply\n", "ply-ascii": b"ply\n", "zip": b"PK\x03\x04"}
    assert all(file.startswith(starts.get(shape, b"glTF")) for file in stored)


@pytest.mark.parametrize(
    ("shape", "form"), [("ply", "binary_little_endian"), ("ply-ascii", "ascii")]
)
async def test_splats_lie_on_the_model_in_its_colours(shape: str, form: str) -> None:
    async with serving(answers=(shape,)) as api:
        v1, v2 = await both(api, image=text(ball("red")))
        assert await fetched(api, v2["output"]) == v1.body
    told, values = splats(v1.body)
    assert told == f"format {form} 1.0"
    assert 100 < len(values) <= 4000
    assert np.abs(values[:, :3]).max() <= 0.5 + 1e-5
    red, green, blue = (values[:, 6:9].mean(0) * 0.28209479 + 0.5).tolist()
    assert red > 0.9
    assert max(green, blue) < 0.1


async def test_an_archive_holds_exactly_one_model() -> None:
    async with serving(answers=("zip",)) as api:
        v1, v2 = await both(api)
        assert await fetched(api, v2["output"]) == v1.body
    assert v1.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(v1.body)) as archive:
        assert archive.namelist() == ["model.glb"]
        assert archive.read("model.glb").startswith(b"glTF")


async def test_gzip_is_a_content_coding() -> None:
    async with serving(answers=("gzip",)) as api:
        v1 = await api.make()
        plain = await api.session.post(
            f"{api.url}/v1/sam-3d-objects",
            json={"image": text(ball())},
            headers={"x-api-key": "k"},
            auto_decompress=False,
        )
        zipped = await plain.read()
    assert v1.headers["content-encoding"] == "gzip"
    assert v1.body.startswith(b"glTF")
    assert zipped.startswith(b"\x1f\x8b")


async def test_the_third_parties_page_of_links() -> None:
    async with serving(answers=("links",)) as api:
        v1, v2 = await both(api)
        mesh = v1.json["individual_meshes"][0]
        glb = await fetched(api, v1.json["model_glb"])
        form, _ = splats(await fetched(api, v1.json["gaussian_splat"]))
    assert (v1.json["status"], v1.json["inference_time"]) == ("Success", 33.0)
    assert v1.json["individual_meshes"] == [
        {
            "url": v1.json["model_glb"],
            "file_name": mesh["url"].rpartition("/")[2],
            "file_size": len(glb),
            "content_type": "model/gltf-binary",
        }
    ]
    assert (form, v2["output"]) == ("format binary_little_endian 1.0", None)
    assert {"model_glb", "gaussian_splat", "individual_meshes"} < v2.keys()


async def test_several_objects_are_several_models() -> None:
    async with serving(answers=("several",)) as api:
        v1 = await api.make()
        urls = [mesh["url"] for mesh in v1.json["individual_meshes"]]
        first, second = [await fetched(api, url) for url in urls]
    assert first[:4] == second[:4] == b"glTF"
    assert first != second


async def test_the_forms_of_output() -> None:
    shapes = ("output-link", "output-list", "output-object", "output-json-string", "url")
    found: dict[str, tuple[Answer, Any]] = {}
    for shape in shapes:
        async with serving(answers=(shape,)) as api:
            found[shape] = await both(api)
    v1, v2 = found["output-link"]
    assert v1.json["status"] == "success"
    assert v1.json["output"][-4:] == v2["output"][-4:] == ".glb"
    assert [link[-4:] for link in found["output-list"][1]["output"]] == [".glb"]
    assert set(found["output-object"][1]["output"]) == {"model_glb", "gaussian_splat"}
    assert json.loads(found["output-json-string"][0].json["output"])["model_glb"][-4:] == ".glb"
    v1, v2 = found["url"]
    assert v1.headers["content-type"] == "text/plain"
    assert (v1.body[:7], v1.body[-4:], v2["output"][-4:]) == (b"http://", b".glb", ".glb")


@pytest.mark.parametrize(("shape", "field"), [("base64", "output"), ("base64-json", "model_glb")])
async def test_base64_is_that_of_the_model(shape: str, field: str) -> None:
    async with serving(answers=("glb", "glb", shape)) as api:
        whole = await api.make()
        await api.make()
        v1 = await api.make()
        v2 = await api.finish((await api.make(2)).json["request_id"])
        assert v2.json["output"][-4:] == ".glb"  # the fourth takes the first shape again
    coded = v1.body.decode() if shape == "base64" else v1.json[field]
    assert coded.startswith("Z2xURg")
    assert base64.b64decode(coded) == whole.body


async def test_artifacts_come_as_a_link_where_asked_for_or_in_their_own_shape() -> None:
    async with serving(answers=("links", "artifacts")) as api:
        asked = await api.make(include_artifacts=True, mask=text(ball("white")))
        always = await api.make()
        neither = await api.make()
        archive = await fetched(api, asked.json["artifacts_zip"])
        glb = await fetched(api, asked.json["model_glb"])
    assert set(always.json) == {"status", "model_glb", "artifacts_zip", "inference_time"}
    assert "artifacts_zip" not in neither.json
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = ["input.png", "mask.png", "params.json", "mesh.glb"]
        assert opened.namelist() == names
        assert opened.read("mesh.glb") == glb
        assert json.loads(opened.read("params.json"))["include_artifacts"] is True


async def test_a_body_can_be_called_what_it_is_not() -> None:
    async with serving(content_type="image/jpeg") as api:
        answer = await api.make()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.body.startswith(b"glTF")
