"""The command: print how the policies compare."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from simulator.ours import OURS
from simulator.policies import BASELINES
from simulator.scenarios import SCENARIOS
from simulator.trial import Row, table

POLICIES = (OURS, *BASELINES)


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Runs of each.")
@click.option("--first-seed", default=0, show_default=True, help="Where the seeds begin.")
@click.option("--only", default="", help="Scenarios whose name holds this.")
@click.option("--policy", default="", help="Policies whose name holds this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
def main(seeds: int, first_seed: int, only: str, policy: str, *, as_json: bool) -> None:
    """Print makespans over an oracle's (median, worst), requests a job, jobs lost and failed.

    A job is lost whose call timed out: it may have been paid for, and is not sent again.
    """
    chosen = [each for each in SCENARIOS if only in each.name]
    policies = [each for each in POLICIES if policy in each.name]
    rows = table(chosen, policies, range(first_seed, first_seed + seeds))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    click.echo(
        f"{'':31}{'policy':10}{'median':>8}{'worst':>8}{'requests':>10}{'lost':>6}{'failed':>7}"
    )
    for row in rows:
        click.echo(_line(row, policies[0].name))


def _line(row: Row, first: str) -> str:
    name = row.scenario if row.policy == first else ""
    return (
        f"{name:31}{row.policy:10}{row.median:8.3f}{row.worst:8.3f}"
        f"{row.requests:10.3f}{row.lost:6}{row.failed:7}"
    )


if __name__ == "__main__":
    main()
