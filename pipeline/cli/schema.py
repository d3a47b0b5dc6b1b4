"""`catalog3d schema`."""

from __future__ import annotations

import click

from pipeline.cli.session import ends_cleanly, say_json
from pipeline.manifest import schema as manifest_schema


@click.command()
@ends_cleanly
def schema() -> int:
    """Print the JSON Schema of the manifest, for editors."""
    say_json(manifest_schema())
    return 0
