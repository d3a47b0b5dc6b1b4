"""The files that an answer names, whatever its shape: the one that was asked for, and the rest."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.api.reading import json_value
from pipeline.formats import HEAD_BYTES, Format, sniff
from pipeline.model import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 4
_KEYS = {
    "result": ("model_glb", "glb", "model", "mesh", "model_mesh"),
    "splat": ("gaussian_splat", "splat", "individual_splats"),
    "artifacts": ("artifacts_zip",),
    "part": ("individual_meshes", "individual_glbs"),
    "image": ("images", "preview", "preview_url", "thumbnail"),
    "": ("output", "outputs", "url", "file_url", "result", "data"),
}
"""Role → the names that files go by, here and at other hosts of the model; "": by the URL."""
_LONGEST_URL = 8192
_MOST = 100


def links(answer: object) -> tuple[Link, ...]:
    """Find the files that an answer's JSON names, each with its role, the main one first.

    Roles: `result`, `splat`, `part2` …, `artifacts`, `image`. `output` and its like may be a link,
    a list, an object, or JSON in a string.
    """
    found: dict[str, Link] = {}
    urls = ((role, text) for role, text in _named_texts(answer, depth=0) if _is_url(text))
    for role, url in islice(urls, _MOST):
        found.setdefault(url, Link(role, url))
    return _with_result(tuple(found.values()))


def embedded(answer: object) -> tuple[tuple[str, str], ...]:
    """Find the files whose base64 text stands in an answer's JSON: (role, text)."""
    files = (
        (role, text)
        for role, text in _named_texts(answer, depth=0)
        if sniff(text[:HEAD_BYTES].encode("utf-8", "replace")) is Format.BASE64
    )
    return tuple(islice(files, _MOST))


def _named_texts(answer: object, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(answer, str):
        nested = json_value(answer) if answer.lstrip()[:1] in {"{", "["} else None
        if nested is None:
            yield _role_of(answer), answer.strip()
        else:
            yield from _named_texts(nested, depth + 1)
    elif isinstance(answer, list):
        for each in answer:
            yield from _named_texts(each, depth + 1)
    elif isinstance(answer, dict):
        yield from _object_texts(answer, depth)


def _object_texts(answer: dict[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for role, keys in _KEYS.items():
        for key in keys:
            for found, text in _named_texts(answer.get(key), depth + 1):
                yield role or found, text


def _is_url(text: str) -> bool:
    """Tell a web address from other text; what the ledger or a log could not hold is none."""
    whole = len(text) <= _LONGEST_URL and text.isprintable() and " " not in text
    return whole and text.startswith(("http://", "https://"))


def _role_of(url: str) -> str:
    path = url.split("?", 1)[0].lower()
    return {"ply": "splat", "zip": "artifacts"}.get(path.rpartition(".")[2], "result")


def _with_result(found: tuple[Link, ...]) -> tuple[Link, ...]:
    """Make exactly one link the result, the further ones parts of it."""
    order = [link for role in ("result", "part", "splat") for link in found if link.role == role]
    main = order[:1]
    parts = [link for link in order[1:] if link.role in {"result", "part"}]
    rest = [link for link in found if link not in main and link not in parts]
    seen: Counter[str] = Counter()
    return (
        *(Link("result", link.url) for link in main),
        *(Link(f"part{number}", link.url) for number, link in enumerate(parts, start=2)),
        *(Link(_numbered(link.role, seen), link.url) for link in rest),
    )


def _numbered(role: str, seen: Counter[str]) -> str:
    seen[role] += 1
    return role if seen[role] == 1 else f"{role}{seen[role]}"
