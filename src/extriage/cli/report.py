"""`extriage report`: render a case again."""

from pathlib import Path
from typing import Any

import click

from extriage.casefile import load
from extriage.cli import noting
from extriage.cli.output import formats_help, print_report, rendered, rendering


@click.command(epilog=formats_help())
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the files named.")
@rendered
def report(case: Path, **options: Any) -> None:
    """Show a case again, in any format, without the evidence.

    CASE is the folder that `scan` wrote, or its case.json.
    """
    chosen = rendering(options, str(case))
    print_report(load(case), chosen)
    noting.reports(case, chosen.written())
