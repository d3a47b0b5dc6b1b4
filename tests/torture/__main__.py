"""`python -m torture`: kill runs until enough were killed, and say which promises were kept."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click
from torture.campaign import Record, play_one, play_scene, shares
from torture.moments import parse
from torture.processes import nursery
from torture.rounds import Plan
from torture.scenes import SCENES
from torture.tally import as_json, broken, table

if TYPE_CHECKING:
    from torture.rounds import Played
    from torture.scenes import Scene


@click.command()
@click.option("--kills", default=1000, show_default=True, help="Processes to kill.")
@click.option("--seed", default=1, show_default=True, help="Seed of everything that is drawn.")
@click.option("--scene", "names", multiple=True, type=click.Choice(list(SCENES)), help="Only it.")
@click.option("--workers", default=6, show_default=True, help="Scenes at once; mostly they wait.")
@click.option("--without-history", is_flag=True, help="Do not ask for what the history tells.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON document.")
@click.option("--round-seed", type=int, help="Play one round again: the seed of its local API.")
@click.option("--jobs", default=4, show_default=True, help="That round's jobs.")
@click.option("--at", "moments", multiple=True, help="Where that round kills, in turn.")
def torture(
    *,
    kills: int,
    seed: int,
    names: tuple[str, ...],
    workers: int,
    without_history: bool,
    json_wanted: bool,
    round_seed: int | None,
    jobs: int,
    moments: tuple[str, ...],
) -> None:
    """Kill the command at every step and at random, and hold its ledger against the books."""
    scenes = [SCENES[name] for name in names or SCENES]
    if round_seed is not None:
        plan = Plan(scenes[0], jobs, round_seed, tuple(parse(text) for text in moments))
        records = [_again(plan)]
    else:
        records = _campaign(scenes, kills, seed, workers)
    found = as_json(records, seed)
    click.echo(json.dumps(found, indent=1) if json_wanted else "\n".join(table(found)))
    sys.exit(broken(found, without_history=without_history))


def _again(plan: Plan) -> Record:
    record = Record(plan.scene)
    with nursery() as shared:
        record.add(plan, play_one(plan, shared))
    return record


def _campaign(scenes: list[Scene], kills: int, seed: int, workers: int) -> list[Record]:
    began, rounds = time.monotonic(), list[Any]()

    def heard(played: Played) -> None:
        rounds.append(len(played.kills))
        if len(rounds) % 20 == 0:
            seconds = time.monotonic() - began
            click.echo(f"{seconds:5.0f} s  {sum(rounds)} kills", err=True)

    with nursery() as shared, ThreadPoolExecutor(workers) as pool:
        played = [
            pool.submit(play_scene, scene, share, seed, shared, heard)
            for scene, share in shares(scenes, kills)
        ]
        return [each.result() for each in played]


if __name__ == "__main__":
    torture()
