"""`extriage knowledge`: the tables of builds, fixes and advisories, and how to bring newer ones."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from extriage.errors import ContentError, UsageError
from extriage.knowledge import importers, shippedtables
from extriage.knowledge import update as updates
from extriage.knowledge.active import active
from extriage.knowledge.advisories import advisories
from extriage.knowledge.builds import FAMILIES, build_table, spell
from extriage.knowledge.campaigns import knowledge_as_of
from extriage.knowledge.checks import config_checks
from extriage.knowledge.draft import Account
from extriage.knowledge.lifecycle import milestones
from extriage.knowledge.pack import write_whole
from extriage.knowledge.tables import BUNDLED, Knowledge, bundled
from extriage.knowledge.timeline import markers
from extriage.reports.neutral import visible


@click.group()
def knowledge() -> None:
    """Show and replace the tables of builds, fixes and advisories."""


@knowledge.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(*, as_json: bool) -> None:
    """Show which tables are in force: how new, from where, and what they cover."""
    try:
        facts = _facts(active())
    except ContentError as error:
        raise UsageError(str(error)) from error
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))


@knowledge.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sha256", default="", help="SHA-256 that the pack file must have.")
@click.option("--force", is_flag=True, help="Even if it is older, or knows less.")
def update(file: Path, sha256: str, *, force: bool) -> None:
    """Put a pack in force, after every row of it was checked.

    A bad pack is refused whole, and the old tables stay.
    """
    try:
        done = updates.update(file, sha256, force=force, today=today())
    except ContentError as error:
        raise UsageError(f"{file} was refused: {error}") from error
    for warning in done.warnings:
        click.echo(f"extriage: {visible(warning)}; forced", err=True)
    click.echo(f"tables to {done.after} are in force (before: {done.before})")
    click.echo(f"kept as      {visible(str(done.place))}")
    click.echo(f"pack SHA-256 {done.sha256}")
    click.echo(f"digest       {done.digest}")


@knowledge.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an existing file.")
def pack(folder: Path, file: Path, *, force: bool) -> None:
    """Make a pack of the tables in a folder, after every row was checked.

    The SHA-256 that is printed can be demanded by `knowledge update --sha256`.
    """
    if file.exists() and not force:
        raise UsageError(f"{file} exists; name another file, or add --force")
    try:
        data = updates.pack(folder)
    except ContentError as error:
        raise UsageError(f"{folder} was refused: {error}") from error
    try:
        write_whole(file, data)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"{hashlib.sha256(data).hexdigest()}  {visible(str(file))}")


@knowledge.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="Folder to be written."
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day up to which the lists go.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
def import_lists(
    files: tuple[Path, ...], folder: Path, as_of: datetime | None, *, force: bool
) -> None:
    """Merge newer copies of public lists into the tables in force, as a new folder.

    FILES are Microsoft's ExchangeBuildNumbers.csv, the JSON files of ms-exchange-version-nse, and
    CISA's known_exploited_vulnerabilities.json, in any order and under any name. Nothing is put in
    force: read the account, then use `knowledge pack` and `knowledge update`.
    """
    if folder.exists() and not force and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name another folder, or add --force")
    try:
        feeds = importers.read_feeds(files)
        merged, account = importers.merge(active(), feeds, as_of.date() if as_of else None)
    except ContentError as error:
        raise UsageError(f"nothing was written: {error}") from error
    text = "\n".join(_account(account, merged.as_of)) + "\n"
    importers.write_folder(merged, folder)
    (folder / "import.txt").write_text(text, "utf-8", newline="\n")
    click.echo(text, nl=False)


@knowledge.command()
@click.argument("web_files", type=click.Path(path_type=Path))
@click.argument("by_build", type=click.Path(path_type=Path))
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="Folder to be written."
)
def shipped(web_files: Path, by_build: Path, folder: Path) -> None:
    """Make the tables of Microsoft's own web files from the lists that they come from.

    WEB_FILES has the columns sha256, path_lower, path_kind, first_build, last_build, n_builds;
    BY_BUILD, packed with gzip, has relpath, sha256, builds. The same lists give the same files.
    """
    try:
        tables = shippedtables.read_lists(web_files, by_build)
    except ContentError as error:
        raise UsageError(f"nothing was written: {error}") from error
    for name, rows in shippedtables.write_tables(tables, folder).items():
        click.echo(f"{rows:>6} rows  {visible(str(folder / name))}")


@knowledge.command()
def reset() -> None:
    """Go back to the tables that came with this version."""
    removed = updates.reset()
    said = f"{visible(str(removed))} was removed; " if removed else ""
    click.echo(f"{said}{BUNDLED}, to {bundled().as_of}, are in force")


def _facts(tables: Knowledge) -> dict[str, Any]:
    known, table = advisories(), build_table()
    newest = {
        product: max(
            (one for one in table.builds if one.product == product), key=lambda b: b.number
        )
        for product in FAMILIES
        if any(one.product == product for one in table.builds)
    }
    return {
        "as_of": tables.as_of.isoformat(),
        "campaigns_as_of": knowledge_as_of(),
        "place": tables.place,
        "bundled": tables.place == BUNDLED,
        "bundled_as_of": bundled().as_of.isoformat(),
        "digest": tables.digest(),
        "counts": {
            "builds": len(table.builds),
            "fixes": len(table.fixes),
            "advisories": len(known),
            "known exploited": sum(1 for one in known.values() if one.kev_added),
            "configuration checks": len(config_checks()),
            "dated events": len(markers()),
        },
        "newest": {
            product: {
                "build": spell(build.number),
                "update": " ".join(filter(None, (build.cu, build.su))),
                "released": build.released,
            }
            for product, build in newest.items()
        },
        "support": [
            {
                "product": one.product,
                "milestone": one.milestone,
                "from": _day(one.start),
                "to": _day(one.end),
                "note": one.note,
            }
            for one in milestones()
        ],
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _lines(facts: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in facts["counts"].items())
    found = [
        f"as of      {facts['as_of']} (campaigns: {facts['campaigns_as_of']})",
        f"from       {visible(facts['place'])}",
        f"digest     {facts['digest']}",
        f"content    {counts}",
    ]
    if facts["bundled_as_of"] > facts["as_of"]:
        found.append(f"note       {BUNDLED} are newer ({facts['bundled_as_of']}): knowledge reset")
    found += ["", "Newest build of each product:"]
    for product, build in facts["newest"].items():
        named = f"{build['build']:14} {visible(build['update'])}"
        found.append(f"  {product:5} {named:32} {build['released']}")
    found += ["", "Support:"]
    for row in facts["support"]:
        days = " to ".join(dict.fromkeys(filter(None, (row["from"], row["to"])))) or "no date"
        note = f"; {visible(row['note'])}" if row["note"] else ""
        found.append(f"  {row['product']:5} {visible(row['milestone'])}: {days}{note}")
    return found


def _account(account: Account, as_of: date) -> list[str]:
    groups = {
        "added": account.added,
        "changed": account.changed,
        "kept, though a list says otherwise": account.kept,
        "refused": account.refused,
    }
    found = [f"as of {as_of}: " + ", ".join(f"{len(rows)} {name}" for name, rows in groups.items())]
    for name, rows in groups.items():
        if rows:
            found += ["", f"{name}:", *(f"  {visible(row)}" for row in rows)]
    return found


def today() -> date:
    """Return the day of this machine's clock, in UTC."""
    return datetime.now(UTC).date()
