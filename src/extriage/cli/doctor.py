"""`extriage doctor`: what this installation can open, what is missing, and what to do about it."""

import json
import os
import re
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from extriage.errors import UsageError
from extriage.model.evidence import Entry
from extriage.pipeline.checkup import (
    EXTRAS,
    OLD,
    READ_ALWAYS,
    Installation,
    Looked,
    age,
    installation,
    look,
    packs,
    room,
    writable,
)
from extriage.reports.imprint import counted
from extriage.reports.neutral import visible

SCHEMA = "extriage.doctor/1"
LITTLE = 2 << 30
"""Free bytes below which a case of a busy server may not fit."""
_NAMED = 10
_KINDS = 8
_FEW = 3
_WIDE = 100
_INDENT = 14
_COMMAND = re.compile(
    r'pip install "[^"]*"|`[^`]*`|extriage (?:collect|knowledge)(?: list| update)?'
)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--case", type=click.Path(path_type=Path), default=".", help="Where a case shall be written."
)
@click.option("--json", "json_", is_flag=True, help="Print the machine form.")
def doctor(paths: tuple[Path, ...], case: Path, *, json_: bool) -> None:
    """Say what this installation can open, and what is missing.

    PATH is evidence that shall be scanned: every file is opened for a first look, and what could
    not be read is named with the reason. Nothing is scanned and nothing is written.

    Exit codes: 0 all well, 2 wrong usage, 3 something stands in the way of a full scan.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"there is no {path}, or this account may not see it; name a folder, an archive or "
                "a log"
            )
    known, looked = installation(), [look(path) for path in paths]
    days = age(known, today())
    advice = _advice(known, looked, days, case)
    if json_:
        click.echo(json.dumps(_document(known, looked, days, case, advice), indent=1))
    else:
        lines = [*_installed(known, days, case), *_extras(), *_paths(looked), *_advised(advice)]
        click.echo("\n".join(visible(line) for line in lines))
    sys.exit(3 if advice else 0)


def today() -> date:
    """Return the day of this machine's clock, in UTC."""
    return datetime.now(UTC).date()


def _installed(known: Installation, days: int, case: Path) -> list[str]:
    own = ", ".join(f"{name} ({place})" for name, place in packs().items()) or "none"
    as_of = f"{known.knowledge}, {days} days old" if not known.trouble else "damaged"
    return [
        f"extriage {known.version}, Python {known.python}, {known.system}, "
        f"{known.processors} processors",
        f"  Knowledge   tables as of {as_of}; campaigns as of {known.campaigns}",
        f"              from {known.place}",
        f"              packs of your own: {own}",
        f"  Free space  {_bytes(room(case))} at {case}",
        *(f"  {'Opens' if not at else '':11} {text}" for at, text in enumerate(READ_ALWAYS)),
    ]


def _extras() -> list[str]:
    lines = []
    for extra in EXTRAS:
        versions = ", ".join(f"{name} {version}" for name, version in extra.versions().items())
        state = f"there ({versions})" if extra.there else f"missing: {extra.command}"
        lines += [f"  Extra {extra.name:5} {state}", f"              adds {extra.adds}"]
    return lines


def _paths(looked: list[Looked]) -> list[str]:
    lines = []
    for one in looked:
        lines.append(f"  {one.path}: {counted(one.files, 'file')}, {_bytes(one.size)}")
        if one.collections:
            lines.append(f"    seems to be  {'; '.join(one.collections)}")
        for title, counts in (("holds", one.forms), ("evidence", one.kinds)):
            if counts:
                named = [f"{name} ({many:,})" for name, many in counts.most_common(_KINDS)]
                left = len(counts) - len(named)
                more = f" and {left} more kinds" if left > 0 else ""
                lines.append(f"    {title:12} {', '.join(named)}{more}")
        if one.files and not one.kinds and not one.forms:
            lines.append("    evidence     none that is known by its first bytes")
        lines += [f"    not read     {_row(entry)}" for entry in one.skipped[:_FEW]]
        if len(one.skipped) > _FEW:
            lines.append(
                f"    not read     and {len(one.skipped) - _FEW:,} more links and the like"
            )
        unread = one.unreadable[:_NAMED]
        lines += [f"    unreadable   {_row(entry)}" for entry in unread]
        if len(one.unreadable) > _NAMED:
            lines.append(f"    unreadable   and {len(one.unreadable) - _NAMED:,} more")
    return lines


def _advised(advice: list[str]) -> list[str]:
    if not advice:
        return ["  Nothing stands in the way."]
    return [
        f"{'' if at else '  Do':{_INDENT}}{line}"
        for text in advice
        for at, line in enumerate(_wrapped(text))
    ]


def _wrapped(text: str) -> list[str]:
    """Break text into lines for the screen, but no command in two."""
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, _WIDE - _INDENT, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def _advice(known: Installation, looked: list[Looked], days: int, case: Path) -> list[str]:
    """Say what to do, most pressing first; nothing if all is well."""
    found = [known.trouble] if known.trouble else []
    for one in looked:
        if not one.files and not one.unreadable:
            found.append(f"there is nothing to be read at {one.path}: name the evidence itself")
        elif not one.kinds and not one.forms and not one.unreadable:
            found.append(
                f"nothing at {one.path} is known as evidence by its first bytes: a scan of it "
                "tells nothing; extriage collect list says what is read"
            )
    unread = sum(len(one.unreadable) for one in looked)
    if unread:
        found.append(
            f"{counted(unread, 'file')} cannot be read, or not wholly, see the reasons: "
            "run it with an account that may, copy them with a collector (extriage collect), "
            "unpack what needs a password"
        )
    for extra in EXTRAS:
        needing = [one.path for one in looked if extra.name in one.lacking]
        if needing:
            found.append(f"{needing[0]} needs the extra {extra.name}: {extra.command}")
    if not writable(case):
        found.append(f"{case} cannot be written, or is no folder: name another place with --case")
    if 0 <= room(case) < LITTLE:
        found.append(f"less than {_bytes(LITTLE)} are free at {case}: write the case elsewhere")
    if days > OLD and not known.trouble:
        found.append(
            f"the tables are {days} days old: newer security updates are unknown to them; bring "
            "newer ones with extriage knowledge update"
        )
    return found


def _row(entry: Entry) -> str:
    # NOTE: a volume of a disk image ends in a colon of its own, `EX01.dd!/C:`
    return f"{entry.path.removesuffix(':')}: {entry.reason}"


def _bytes(count: int) -> str:
    """Return bytes as people say them."""
    if count < 0:
        return "unknown"
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _document(
    known: Installation, looked: list[Looked], days: int, case: Path, advice: list[str]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "extriage": known.version,
        "python": known.python,
        "system": known.system,
        "processors": known.processors,
        "knowledge": {
            "as_of": known.knowledge.isoformat(),
            "days": days,
            "campaigns_as_of": known.campaigns,
            "place": known.place,
            "trouble": known.trouble,
            "own": packs(),
        },
        "free_bytes": room(case),
        "opens": list(READ_ALWAYS),
        "extras": [
            {
                "name": extra.name,
                "there": extra.there,
                "versions": extra.versions(),
                "adds": extra.adds,
                "command": extra.command,
            }
            for extra in EXTRAS
        ],
        "paths": [_looked(one) for one in looked],
        "do": advice,
    }


def _looked(one: Looked) -> dict[str, Any]:
    return {
        "path": one.path,
        "files": one.files,
        "bytes": one.size,
        "seems_to_be": one.collections,
        "holds": dict(one.forms.most_common()),
        "evidence": dict(one.kinds.most_common()),
        "unreadable": [{"path": row.path, "reason": row.reason} for row in one.unreadable],
        "not_read": [{"path": row.path, "reason": row.reason} for row in one.skipped],
        "lacking": one.lacking,
    }
