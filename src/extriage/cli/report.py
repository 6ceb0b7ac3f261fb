"""`extriage report`: render a case again."""

from pathlib import Path
from typing import Any

import click

from extriage.casefile import load
from extriage.cli.output import print_report, rendered, rendering


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the file named by --output.")
@rendered
def report(case: Path, **options: Any) -> None:
    """Show a case again, in any format, without the evidence.

    CASE is the folder that `scan` wrote, or its case.json.
    """
    print_report(load(case), rendering(options, str(case)))
