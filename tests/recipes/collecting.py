"""What each recipe takes of a server, told as the collectors' own documentation does."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import yaml

from extriage.knowledge.places import SMALL, bases
from extriage.reports.recipes import acquire, kape, powershell, velociraptor
from extriage.reports.recipes.choice import Choice

Takes: TypeAlias = Callable[[str, int], bool]
"""Tells whether a file of the server is taken, by its path (`C:/inetpub/…`) and size."""
_LEVEL = {
    "windows": "C:/Windows",
    "iis-config": "C:/Windows/System32/inetsrv/config",
    "users": "C:/Users/*",
}


def by_kape(choice: Choice) -> Takes:
    targets = (yaml.safe_load(text) for text in kape.files(choice).values())
    entries = [one for target in targets for one in target["Targets"] if "FileMask" in one]
    return lambda path, size: any(
        _kape(entry, path) and size <= entry.get("MaxSize", size) for entry in entries
    )


def _kape(entry: dict[str, Any], path: str) -> bool:
    folder, _, name = path.replace("/", "\\").rpartition("\\")
    start = re.escape(str(entry["Path"]).rstrip("\\")).replace("%user%", r"[^\\]+")
    deep = r"(?:\\.*)?" if entry.get("Recursive") else ""
    if not re.fullmatch(start + deep, folder, re.IGNORECASE):
        return False
    mask = str(entry["FileMask"])
    if mask.startswith("regex:"):
        return re.fullmatch(mask.removeprefix("regex:"), name) is not None
    expression = re.escape(mask).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name, re.IGNORECASE) is not None


def by_velociraptor(choice: Choice) -> Takes:
    read = yaml.safe_load(velociraptor.render(choice))
    (text,) = (one["default"] for one in read["parameters"] if one["type"] == "csv")
    globs = [
        (_expression(glob), row["Small"] == "Y")
        for row in csv.DictReader(io.StringIO(text))
        for glob in _braces(_start(row["Base"], choice) + row["Glob"])
    ]
    return lambda path, size: any(
        glob.fullmatch(path) and (size <= SMALL or not small) for glob, small in globs
    )


def _start(base: str, choice: Choice) -> str:
    return _LEVEL.get(base) or bases()[base].at(choice.generation)


def _braces(glob: str) -> list[str]:
    """Open `{a,b}` as Velociraptor does before anything else."""
    found = re.search(r"\{([^{}]+)\}", glob)
    if not found:
        return [glob]
    return [
        one
        for word in found[1].split(",")
        for one in _braces(glob[: found.start()] + word + glob[found.end() :])
    ]


def _expression(glob: str) -> re.Pattern[str]:
    """Make a regular expression of a glob: `**` is any depth, also none."""
    made = re.escape(glob).replace(r"/\*\*", r"(?:/[^/]+)*").replace(r"\*", "[^/]*")
    return re.compile(made.replace(r"\?", "[^/]"), re.IGNORECASE)


def by_powershell(choice: Choice) -> Takes:
    rows = [row.split("|") for row in powershell.rows(choice)]
    return lambda path, size: any(_robocopy(row, path, size, choice) for row in rows)


def _robocopy(row: list[str], path: str, size: int, choice: Choice) -> bool:
    _, base, folder, depth, age, names = row
    start = bases()[base].at(choice.generation) + ("/*" if base == "users" else "")
    start = "/".join(filter(None, (start, folder.replace("\\", "/")))).lower()
    where, _, name = path.lower().rpartition("/")
    inside = fnmatchcase(where, start) or (depth == "deep" and where.startswith(f"{start}/"))
    return inside and (
        any(fnmatchcase(name, one.lower()) for one in names.split(";"))
        or (age == "any" and size <= SMALL)
    )


def by_acquire(choice: Choice) -> Takes:
    arguments = list(acquire.arguments(choice))
    folders = [one.removeprefix("--path=").lower() for one in _of(arguments, "--path=")]
    globs = [_expression(one.removeprefix("--glob=")) for one in _of(arguments, "--glob=")]
    return lambda path, _: (
        any(path.lower().startswith(f"{folder}/") for folder in folders)
        or any(glob.fullmatch(path) for glob in globs)
    )


def _of(arguments: Iterable[str], option: str) -> Iterator[str]:
    return (one for one in arguments if one.startswith(option))


COLLECTORS = {
    "kape": by_kape,
    "velociraptor": by_velociraptor,
    "powershell": by_powershell,
    "acquire": by_acquire,
}
