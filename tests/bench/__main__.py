"""`python -m bench`: measure, and say what came of it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from bench.field import FIELD
from bench.figures import as_json, figures
from bench.machine import machine
from bench.million import million, told
from bench.plot import plot
from bench.rounds import play
from bench.startup import startup
from bench.telling import heading, line, table
from bench.weighing import FailedError
from bench.workloads import START, WORKLOADS

_NAMES = [each.name for each in WORKLOADS]


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Runs of each.")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="This workload.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures.")
@click.option("--plot", "plot_path", type=click.Path(path_type=Path), help="Draw a PNG.")
@click.option("--startup", "only_startup", is_flag=True, help="The command's start, and no more.")
@click.option("--million", "only_million", is_flag=True, help="A vast catalogue, and no more.")
@click.option("--jobs", default=1_000_000, show_default=True, help="The jobs of --million.")
@click.option("--pictures", default=1000, show_default=True, help="Those jobs' pictures.")
def bench(
    *,
    rounds: int,
    only: tuple[str, ...],
    json_path: Path | None,
    plot_path: Path | None,
    only_startup: bool,
    only_million: bool,
    jobs: int,
    pictures: int,
) -> None:
    """Measure catalog3d beside a bare aiohttp loop, the provider's SDK and requests."""
    with tempfile.TemporaryDirectory(prefix="catalog3d-bench-") as made:
        folder = Path(made)
        try:
            if only_startup:
                click.echo("\n".join(startup(rounds)))
            elif only_million:
                for stride in million(jobs, pictures, folder):
                    click.echo(told(stride, jobs))
            else:
                _beside(rounds, only, folder, json_path, plot_path)
        except FailedError as error:
            raise click.ClickException(str(error)) from None


def _beside(
    rounds: int, only: tuple[str, ...], folder: Path, json_path: Path | None, plot_path: Path | None
) -> None:
    workloads = [each for each in WORKLOADS if not only or each.name in only]
    runs = play(
        [START, *workloads],
        FIELD,
        rounds,
        folder,
        lambda run: click.echo(line(run), err=True),
    )
    found, here = figures(runs, workloads), machine()
    click.echo("\n".join([heading(here, rounds), *table(found, workloads)]))
    if json_path is not None:
        whole = {"machine": here, "rounds": rounds, **as_json(runs, found)}
        json_path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    if plot_path is not None:
        plot(found, workloads, plot_path)


if __name__ == "__main__":
    bench()
