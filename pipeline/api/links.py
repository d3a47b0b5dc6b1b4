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
_LONGEST_URL = 8192
_MOST = 100


def links(answer: object) -> tuple[Link, ...]:
    """Find the files that an answer's JSON names, each with its role, the main one first.

    Roles: `result`, `splat`, `part1` …, `artifacts`. Known names: `model_glb`, `gaussian_splat`,
    `individual_meshes`, `artifacts_zip`, `output` and `url`; `output` may be a link, a list, an
    object, or JSON in a string.
    """
    found: dict[str, Link] = {}
    for role, url in islice(_named_links(answer, depth=0), _MOST):
        if _is_url(url) and url not in found:
            found[url] = Link(role, url)
    return _with_result(tuple(found.values()))


def embedded(answer: object) -> tuple[tuple[str, str], ...]:
    """Find the files whose base64 text stands in an answer's JSON: (role, text)."""
    named = islice(_named_links(answer, depth=0), _MOST)
    return tuple(
        (role, text)
        for role, text in named
        if sniff(text[:HEAD_BYTES].encode("utf-8", "replace")) is Format.BASE64
    )


def _named_links(answer: object, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(answer, str):
        nested = json_value(answer) if answer.lstrip()[:1] in {"{", "["} else None
        if nested is None:
            yield _role_of(answer), answer.strip()
        else:
            yield from _named_links(nested, depth + 1)
    elif isinstance(answer, list):
        for each in answer:
            yield from _named_links(each, depth + 1)
    elif isinstance(answer, dict):
        yield from _object_links(answer, depth)


def _object_links(answer: dict[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for key, role in (
        ("model_glb", "result"),
        ("glb", "result"),
        ("gaussian_splat", "splat"),
        ("artifacts_zip", "artifacts"),
    ):
        for _, url in _named_links(answer.get(key), depth + 1):
            yield role, url
    for key in ("individual_meshes", "individual_glbs"):
        for _, url in _named_links(answer.get(key), depth + 1):
            yield "part", url
    for key in ("output", "url", "result", "data"):
        yield from _named_links(answer.get(key), depth + 1)


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
