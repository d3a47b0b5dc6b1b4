"""One POST, and what its answer means for other jobs."""

from pathlib import Path

import pytest
from catalogue import KEY, write_manifest
from scripted import GLB, billed, reply, scripted

from pipeline.batch.access import access, books_of
from pipeline.batch.intake import Intake, batches
from pipeline.batch.reading import memo_of
from pipeline.batch.work import Options, Work, opened
from pipeline.manifest import load
from pipeline.model import Event, Status
from pipeline.perform import perform

pytestmark = pytest.mark.anyio

V1 = "/v1/sam-3d-objects"
BALANCE = "/v1/get-user-credits"


async def test_a_result_is_unjudged_while_its_coming_convicts_another_job(tmp_path: Path) -> None:
    """Else one call more would go than the door lets go before results are judged."""
    answers = {
        V1: [reply(406, {"error": "no"}), billed(GLB)],
        BALANCE: [reply(200, {"credits": 9.5})],
    }
    works: list[Work] = []
    unjudged: list[int] = []

    def hear(event: Event) -> None:
        if event.status is Status.FAILED:
            unjudged.append(works[0].admission.streak.unjudged)

    async with scripted(answers) as script:
        api = {"credits_url": script.url + BALANCE}
        manifest = load(write_manifest(tmp_path, 2, script.url + V1, api=api))
        async with opened(manifest, Options(), hear) as work:
            works.append(work)
            with memo_of(manifest) as memo:
                for batch in batches(manifest, None):
                    await work.roster.register(
                        await Intake(manifest, memo, KEY).postings(batch, {})
                    )
            async with access(manifest.api, KEY, books_of(manifest)) as client:
                desk = work.desk(client)
                done = [
                    await perform(desk, ticket)
                    for ticket in await work.roster.tickets(["j000", "j001"])
                ]
    assert [each.status for each in done] == [Status.PENDING, Status.SUCCEEDED]
    assert unjudged == [1]
