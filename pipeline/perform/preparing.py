"""What a call takes with it: the body, made ready behind the door, and what is journaled of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.api.upload import FileUpload
from pipeline.api.wire import request_body, request_fields
from pipeline.errors import InputError
from pipeline.identity import fingerprint
from pipeline.inputs import prepare
from pipeline.ledger import Sending
from pipeline.reconcile import canonical

if TYPE_CHECKING:
    from pipeline.api.upload import Upload
    from pipeline.model import Ticket
    from pipeline.perform.desk import Desk

CHANGED = "input_changed"
"""A picture that is no longer the one that was surveyed: another job, for the next run."""


async def prepared(desk: Desk, ticket: Ticket) -> tuple[Upload, Sending]:
    """Make sure that the result can be stored, then make the body ready. Raises InputError.

    Only behind the door: whoever waits there holds no picture in memory.
    """
    others = desk.admission.concurrency.in_flight + desk.admission.streak.unjudged
    return await desk.pictures(_prepared, desk, ticket, others)


def _prepared(desk: Desk, ticket: Ticket, others: int) -> tuple[Upload, Sending]:
    desk.store.ready(desk.store.temporary(ticket.job.id, 0, "ready"), others)
    return _body(desk, ticket)


def _body(desk: Desk, ticket: Ticket) -> tuple[Upload, Sending]:
    """Build the body, and what is journaled of it but its price.

    It is gone once it is sent. Raises InputError, also where the picture was exchanged.
    """
    prepared = prepare(ticket.job, desk.inputs, desk.policy.max_side)
    bought = fingerprint(
        ticket.job,
        provider=desk.provenance["provider"],
        image_sha256=prepared.image_sha256,
        mask_sha256=prepared.mask_sha256,
    )
    if bought != ticket.fingerprint:
        raise InputError("changed since this run looked at it; run again", kind=CHANGED)
    sent = prepared.sent
    asked = replace(ticket, job=sent.job)
    pieces = request_body(asked, prepared.image, prepared.mask)
    sending = Sending(
        desk.client.endpoint.protocol,
        _sha256(*pieces),
        reserved=0,
        parameters=canonical(request_fields(asked)),
        image_sha256=sent.image_sha256,
        mask_sha256=sent.mask_sha256,
        scaled=None if sent.scale.is_one else json.dumps(sent.scale.told),
    )
    held = desk.room.hold(pieces)
    return held or FileUpload(desk.store.spool(pieces), sum(map(len, pieces))), sending


def _sha256(*pieces: bytes) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
