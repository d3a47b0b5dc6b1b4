"""The shapes an answer can take: the provider publishes none, and its callers tell of many.

A shape says how the files of a request stand in the answer. v1 answers it as the body; v2 gives
the fields beside its status, and a link in `output` where v1's body would be the file itself.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Shape = Literal[
    "glb",
    "gzip",
    "ply",
    "ply-ascii",
    "zip",
    "url",
    "base64",
    "base64-json",
    "links",
    "several",
    "artifacts",
    "output-link",
    "output-list",
    "output-object",
    "output-json-string",
]
SHAPES: tuple[Shape, ...] = get_args(Shape)
TYPES = {
    ".glb": "model/gltf-binary",
    ".ply": "application/octet-stream",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Body:
    """An answer's body as it stands; `zipped`: to be sent with Content-Encoding gzip."""

    data: bytes
    content_type: str
    zipped: bool = False


Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a finished request by their roles, `model` the main one."""

    names: Mapping[str, str]
    folder: Path
    link: Callable[[str], str]

    def url(self, role: str) -> str:
        """Give the link to a file."""
        return self.link(self.names[role])

    def data(self) -> bytes:
        """Read the main file."""
        return (self.folder / self.names["model"]).read_bytes()

    @property
    def content_type(self) -> str:
        """The type of the main file."""
        return TYPES[Path(self.names["model"]).suffix]


def body(shape: Shape, files: Files) -> Body | Fields:
    """Give what v1 answers."""
    match shape:
        case "glb" | "ply" | "ply-ascii" | "zip":
            return Body(files.data(), files.content_type)
        case "gzip":
            return Body(files.data(), files.content_type, zipped=True)
        case "url":
            return Body(files.url("model").encode(), "text/plain")
        case "base64":
            return Body(base64.b64encode(files.data()), "text/plain")
        case _:
            return fields(shape, files)


def fields(shape: Shape, files: Files) -> Fields:
    """Give the fields of a JSON answer that lead to the files."""
    model = files.url("model")
    match shape:
        case "links" | "several":
            found = _linked(files)
        case "artifacts":
            found = {"model_glb": model}
        case "base64":
            found = {"output": base64.b64encode(files.data()).decode()}
        case "base64-json":
            found = {"model_glb": base64.b64encode(files.data()).decode()}
        case "output-list":
            found = {"output": [model]}
        case "output-object":
            found = {"output": {"model_glb": model, "gaussian_splat": files.url("splat")}}
        case "output-json-string":
            found = {"output": json.dumps({"model_glb": model})}
        case _:
            found = {"output": model}
    if "artifacts" in files.names:
        found["artifacts_zip"] = files.url("artifacts")
    return found


def _linked(files: Files) -> Fields:
    """Name the files as third parties' clients of the model do."""
    meshes = [role for role in files.names if role.startswith("model")]
    return {
        "model_glb": files.url("model"),
        "gaussian_splat": files.url("splat"),
        "individual_meshes": [_mesh(files, role) for role in meshes],
    }


def _mesh(files: Files, role: str) -> Fields:
    name = files.names[role]
    return {
        "url": files.url(role),
        "file_name": name,
        "file_size": (files.folder / name).stat().st_size,
        "content_type": TYPES[Path(name).suffix],
    }
