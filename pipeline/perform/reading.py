"""What a billed answer holds, whatever its shape: models, text of them, archives, links."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pipeline.api import wire
from pipeline.api.client import LARGEST_RESULT
from pipeline.errors import FormatError
from pipeline.formats import (
    HEAD_BYTES,
    MODELS,
    Format,
    Member,
    decode_base64,
    extract,
    gunzip,
    members,
    sniff,
)
from pipeline.ledger import Stored
from pipeline.model import Artifact, Link, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from pipeline.model import Ticket
    from pipeline.perform.desk import Desk

LARGEST_JSON = 64 << 20
"""The most JSON that is read of an answer, in bytes: it may hold a model as base64 text."""

_DEEPEST = 3
_URL_LENGTH = 8192


class NotUnderstoodError(Exception):
    """An answer brought nothing that can be a result; its text says what, `files` holds it."""

    def __init__(self, message: str, files: Sequence[Stored] = ()) -> None:
        super().__init__(message)
        self.files = tuple(files)


@dataclass(frozen=True, slots=True)
class Contents:
    """Files that stand on disk already, links to fetch, and what the answer says of itself.

    `is_model` where the only file is the result itself.
    """

    files: tuple[Stored, ...] = ()
    links: tuple[Link, ...] = ()
    receipt: Receipt | None = None
    is_model: bool = False


async def open_answer(desk: Desk, ticket: Ticket, body: Stored, depth: int = 0) -> Contents:
    """Find out what an answer's body is, by its own bytes; unwrap it as far as need be.

    Raises NotUnderstoodError.
    """
    path = body.temporary or body.artifact.path
    found = sniff(await desk.store.read(path, HEAD_BYTES))
    if depth > _DEEPEST:
        raise NotUnderstoodError("wrapped too often")
    match found:
        case Format.GLB | Format.PLY | Format.ZIP:
            file = _with_role(body, "result")
            return Contents(files=(file,), is_model=found is not Format.ZIP)
        case Format.BASE64 | Format.GZIP:
            unwrapped = await _unwrapped(desk, ticket, body, found, depth)
            contents = Contents()
            try:
                contents = await open_answer(desk, ticket, unwrapped, depth + 1)
            finally:
                await _tidy(desk, unwrapped, contents.files)
            return contents
        case Format.JSON:
            return await _open_json(desk, ticket, body)
        case None:
            return await _open_text(desk, path)
        case other:
            raise NotUnderstoodError(f"{other.name}, not a model")


async def arrange(desk: Desk, ticket: Ticket, files: Sequence[Stored]) -> list[Stored]:
    """Put the result first: the GLB, else the PLY, else the one inside a ZIP; name the others.

    Magic bytes decide, whatever the files were called. Raises NotUnderstoodError where none of
    them is a model.
    """
    kinds = [
        sniff(await desk.store.read(each.temporary or each.artifact.path, HEAD_BYTES))
        for each in files
    ]
    main = _main(files, kinds)
    if main is None:
        archives = [each for each, kind in zip(files, kinds, strict=True) if kind is Format.ZIP]
        if len(archives) != 1:
            brought = ", ".join(str(kind or "unknown bytes") for kind in kinds)
            raise NotUnderstoodError(f"no model, but {brought}", _named_apart(files, {"result"}))
        try:
            unpacked = await open_archive(desk, ticket, archives[0])
        except NotUnderstoodError as error:
            raise NotUnderstoodError(str(error), _named_apart(files, {"result"})) from error
        others = [each for each in files if each is not archives[0]]
        return [*unpacked, *_named_apart(others, {"result", "artifacts"})]
    others = [each for each in files if each is not main]
    return [_with_role(main, "result"), *_named_apart(others, {"result"})]


def _main(files: Sequence[Stored], kinds: Sequence[Format | None]) -> Stored | None:
    """Choose the model that was asked for: the one called so, else the first."""
    for wanted in MODELS:
        models = [each for each, kind in zip(files, kinds, strict=True) if kind is wanted]
        called = [each for each in models if each.artifact.role == "result"]
        if models:
            return (called or models)[0]
    return None


def _named_apart(files: Sequence[Stored], taken: set[str]) -> list[Stored]:
    """Give each file a role that no other has."""
    named = []
    for each in files:
        role, number = each.artifact.role, 2
        base = "part" if role == "result" or role.startswith("part") else role
        while role in taken:
            role, number = f"{base}{number}", number + 1
        taken.add(role)
        named.append(_with_role(each, role))
    return named


async def open_archive(desk: Desk, ticket: Ticket, archive: Stored) -> list[Stored]:
    """Take the model out of a ZIP that holds exactly one GLB, or else exactly one PLY.

    The archive itself is kept, as `artifacts`. Raises NotUnderstoodError.
    """
    path = desk.store.path(archive.temporary or archive.artifact.path)
    try:
        model = _only_model(members(path))
        take = partial(extract, path, model.name)
        taken = await _derived(desk, ticket, "unpacked", take)
    except FormatError as error:
        raise NotUnderstoodError(f"a ZIP that cannot be opened: {error}") from error
    return [_with_role(taken, "result"), _with_role(archive, "artifacts")]


async def _unwrapped(desk: Desk, ticket: Ticket, body: Stored, found: Format, depth: int) -> Stored:
    path = desk.store.path(body.temporary or body.artifact.path)

    def unwrap(sink: BinaryIO) -> None:
        with path.open("rb") as source:
            if found is Format.BASE64:
                decode_base64(source, sink)
            else:
                gunzip(source, sink, LARGEST_RESULT)

    try:
        return await _derived(desk, ticket, f"unwrapped{depth}", unwrap)
    except FormatError as error:
        raise NotUnderstoodError(str(error)) from error


async def _tidy(desk: Desk, file: Stored, kept: Sequence[Stored]) -> None:
    """Take a file away that was only on the way to others."""
    if file.temporary not in {each.temporary for each in kept}:
        await desk.store.remove(file.temporary or "")


async def _open_json(desk: Desk, ticket: Ticket, body: Stored) -> Contents:
    if body.artifact.bytes > LARGEST_JSON:
        raise NotUnderstoodError(f"JSON larger than can be read, {body.artifact.bytes:,} bytes")
    text = await desk.store.read(body.temporary or body.artifact.path, LARGEST_JSON)
    value = wire.json_value(text)
    fields = value if isinstance(value, dict) else {}
    links = wire.links(value)
    files, broken = [], ""
    for number, (role, text_of_file) in enumerate(wire.embedded(value), start=1):
        fill = partial(_decode, text_of_file)
        try:
            taken = await _derived(desk, ticket, f"embedded{number}", fill)
        except FormatError as error:
            broken = str(error)
        else:
            files.append(_with_role(taken, role))
    if not links and not files:
        said = desk.client.endpoint.without_key(wire.error_text(fields, b"")) or broken
        raise NotUnderstoodError(
            f"JSON without a model or a link to one: {said or 'no error text'}"
        )
    return Contents(tuple(files), links, wire.receipt({}, fields))


async def _open_text(desk: Desk, path: str) -> Contents:
    """Read a body that is nothing but a link."""
    text = (await desk.store.read(path, _URL_LENGTH)).decode("utf-8", "replace").strip()
    links = wire.links(text)
    if not links:
        raise NotUnderstoodError("neither a model nor JSON" if text else "an empty body")
    return Contents(links=links)


async def _derived(
    desk: Desk, ticket: Ticket, name: str, fill: Callable[[BinaryIO], object]
) -> Stored:
    temporary = desk.store.temporary(ticket.job.id, 0, name)
    written = await desk.store.derive(temporary, fill)
    return Stored(Artifact(name, temporary, written.sha256, written.bytes), temporary, placed=False)


def _decode(text: str, sink: BinaryIO) -> None:
    decode_base64(io.BytesIO(text.encode()), sink)


def _only_model(found: tuple[Member, ...]) -> Member:
    for wanted in MODELS:
        models = [each for each in found if each.format is wanted]
        if len(models) == 1:
            return models[0]
        if models:
            raise NotUnderstoodError(f"a ZIP with {len(models)} {wanted.name} files, not one")
    raise NotUnderstoodError("a ZIP without a model")


def _with_role(file: Stored, role: str) -> Stored:
    return replace(file, artifact=replace(file.artifact, role=role))
