"""`extriage schema`: the JSON Schema of the case document."""

import json

import click

from extriage import casefile


@click.command()
def schema() -> None:
    """Print the JSON Schema of case.json."""
    click.echo(json.dumps(casefile.schema(), indent=1, sort_keys=True))
