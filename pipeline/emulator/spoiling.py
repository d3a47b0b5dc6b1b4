"""Good answers made useless: what their bodies and headers become."""

import io
from dataclasses import replace

from PIL import Image

from .answers import Answer
from .faults import Fault
from .zipping import bomb, zipped

_PAGE = b"<!doctype html><html lang=en><title>Oops</title><h1>Something went wrong</h1></html>"
_ERROR = b'{"status": "error", "error": "Server had some issue with processing"}'
_NEWS = b'{"task": {"state": "done", "assets": [{"kind": "mesh", "ref": "a1"}]}}'


def spoil(fault: Fault, answer: Answer) -> Answer:
    """Change what the answer says; the headers that tell of the bill stay.

    For the kinds that leave HTTP whole.
    """
    match fault.kind:
        case "empty":
            return replace(answer, data=b"")
        case "cut-gzip":
            data = zipped(answer.data)
            return _with(answer, data[: len(data) // 2], "Content-Encoding", "gzip")
        case "gzip-bomb":
            return _with(answer, bomb(int(fault.amount)), "Content-Encoding", "gzip")
        case "huge-headers":
            return _with(answer, answer.data, "x-padding", "x" * int(fault.amount))
        case _:
            data, kind = _other_body(fault.kind)
            return _with(answer, data, "Content-Type", kind)


def _other_body(kind: str) -> tuple[bytes, str]:
    match kind:
        case "html" | "file-html":
            return _PAGE, "text/html; charset=utf-8"
        case "jpeg":
            return _preview(), "image/jpeg"
        case "error-200":
            return _ERROR, "application/json"
        case _:
            return _NEWS, "application/json"


def _with(answer: Answer, data: bytes, name: str, value: str) -> Answer:
    return replace(answer, data=data, headers={**answer.headers, name: value})


def _preview() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 150)).save(data, "JPEG")
    return data.getvalue()
