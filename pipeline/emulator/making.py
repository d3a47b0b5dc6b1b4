"""The files of a request: its model, and what the shape of its answer wants beside it."""

import io
import json
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from .entry import Pictures
from .modelling import glb, splat
from .modelling.sculpt import sculpt
from .wire import Parameters

_WITH_SPLAT = ("links", "several", "output-object")


def make(asked: Parameters, pictures: Pictures, shape: str, folder: Path) -> dict[str, str]:
    """Write the files, under names that nobody can guess, and give these by their roles.

    Raises NothingToModelError, and what the libraries raise.
    """
    made = {}
    for role, suffix, data in _files(asked, pictures, shape):
        made[role] = f"{secrets.token_urlsafe(24)}{suffix}"
        (folder / made[role]).write_bytes(data)
    return made


def _files(asked: Parameters, pictures: Pictures, shape: str) -> Iterator[tuple[str, str, bytes]]:
    model = _sculpt(asked, pictures, asked.seed)
    mesh = _pack(asked, model)
    match shape:
        case "ply" | "ply-ascii":
            yield "model", ".ply", splat.pack(model, ascii_text=shape == "ply-ascii")
        case "zip":
            yield "model", ".zip", _archive({"model.glb": mesh})
        case _:
            yield "model", ".glb", mesh
    if shape == "several":
        yield "model.2", ".glb", _pack(asked, _sculpt(asked, pictures, asked.seed + 1))
    if shape in _WITH_SPLAT:
        yield "splat", ".ply", splat.pack(model)
    if shape == "artifacts" or asked.include_artifacts:
        yield "artifacts", ".zip", _archive(_artifacts(asked, pictures, mesh))


def _sculpt(asked: Parameters, pictures: Pictures, seed: int) -> glb.Model:
    return sculpt(pictures.image, pictures.mask, points=asked.points, box=asked.box, seed=seed)


def _pack(asked: Parameters, model: glb.Model) -> bytes:
    return glb.pack(model, {"seed": asked.seed, "prompt": asked.prompt})


def _artifacts(asked: Parameters, pictures: Pictures, mesh: bytes) -> dict[str, bytes]:
    """Give what a look into the making would show; the contents are ours, none are published."""
    picture = Image.open(io.BytesIO(pictures.image)).convert("RGB")
    mask = Image.new("L", picture.size, 255)
    if pictures.mask is not None:
        mask = Image.open(io.BytesIO(pictures.mask)).convert("L")
    return {
        "input.png": _png(picture),
        "mask.png": _png(mask),
        "params.json": json.dumps(json.loads(asked.text()), indent=1).encode(),
        "mesh.glb": mesh,
    }


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _archive(files: dict[str, bytes]) -> bytes:
    """Pack the files; the same ones give the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()
