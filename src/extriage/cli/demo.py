"""`extriage demo`: a small sample server, written and scanned."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from extriage.cli.output import rendered
from extriage.cli.scan import scan_paths
from extriage.errors import UsageError
from extriage.samples import ServerSpec, write_server

DEFAULTS: dict[str, Any] = {
    "rules": (),
    "yara": (),
    "suppress": (),
    "no_builtin_rules": False,
    "no_prefilter": False,
    "indicators": (),
    "fail_on": "high",
    "jobs": None,
    "as_of": None,
    "no_progress": False,
    "quiet": False,
    "operator": "",
    "case_id": "",
    "note": (),
    "hash_images": False,
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="extriage-demo")
@click.option(
    "--attack", type=click.Choice(["chain", "probes", "none"]), default="chain", show_default=True,
    help="What befell the sample server: broken into, only scanned, or nothing.",
)  # fmt: skip
@click.option(
    "--product", type=click.Choice(["2010", "2013", "2016", "2019"]), default="2016",
    show_default=True, help="Exchange version of the sample server.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write the sample again over an earlier one.")
@rendered
@click.pass_context
def demo(context: click.Context, /, folder: Path, **options: Any) -> None:
    """Write a small sample server to FOLDER and scan it.

    The sample is text that looks like the logs of a server broken into in March 2021; nothing in
    it can run. The case goes to FOLDER.case.
    """
    if folder.exists():
        if not options["force"] or not (folder / MARK).is_file():
            raise UsageError(f"{folder} exists; name another folder, or --force over a sample")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).write_bytes(b"A sample server by `extriage demo`; all of it is made up.\n")
    spec = ServerSpec(
        product=options["product"],
        attack=options["attack"],
        start=datetime(2021, 2, 27, tzinfo=UTC),
        end=datetime(2021, 3, 6, tzinfo=UTC),
        lines=12_000,
        hours_per_file=24,
    )
    write_server(folder / spec.name, spec)
    case = folder.with_name(folder.name + ".case")
    chosen = DEFAULTS | options | {"case": case}
    code = scan_paths([folder / spec.name], chosen, debug=bool(context.obj["debug"]))
    click.echo(f"The sample server is in {folder}, its case in {case}.", err=True)
    sys.exit(0 if code in (0, 1, 3) else code)


MARK = "SAMPLE.txt"
