r"""KAPE targets: one compound target, and one for each chapter of places.

Put the files into KAPE's `Targets` folder. Format:
https://ericzimmerman.github.io/KapeDocs/#!Pages\2.1-Targets.md. KAPE does not look at the age of
files, and asks the server nothing: moved folders must be named.
"""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID, uuid5

from extriage.knowledge.installation import Wanted
from extriage.knowledge.places import SMALL, groups
from extriage.reports.recipes.choice import Choice, folders
from extriage.reports.recipes.listing import windows

COMPOUND = "ExtriageExchange"
AUTHOR = "extriage"
VERSION = "1.0"

_NAMESPACE = UUID("0c8e5b0e-6a3c-5f6e-9a54-3b0f2a6a5c11")
"""Of all targets: a target has the same id in every recipe."""
_FEW = 2
"""Patterns that get an entry each; more become one regular expression."""
_EXTENSION = re.compile(r"\*\.(\w+)")
_SPECIAL = re.compile(r"[\\.^$|()+{}\[\]]")
_STREAMS = {"$MFT": "$MFT", "$UsnJrnl:$J": "$J"}
"""Files that only the raw disk gives, and what their copies are called."""


def files(choice: Choice) -> dict[str, str]:
    """Return the targets by file name."""
    by_group: dict[str, list[Wanted]] = {group: [] for group in groups()}
    for one in folders(choice):
        by_group[one.place.group].append(one)
    made = {group: taken for group, taken in by_group.items() if taken}
    found = {f"{COMPOUND}.tkape": _compound(made)}
    return found | {f"{_name(group)}.tkape": _target(group, made[group]) for group in made}


def _name(group: str) -> str:
    return COMPOUND + "".join(word.capitalize() for word in group.split("-"))


def _head(name: str, description: str) -> Iterator[str]:
    yield f"Description: {_quoted(description)}"
    yield f"Author: {AUTHOR}"
    yield f"Version: {VERSION}"
    yield f"Id: {uuid5(_NAMESPACE, name)}"
    yield "RecreateDirectories: true"
    yield "Targets:"


def _compound(made: Iterable[str]) -> str:
    lines = list(_head(COMPOUND, "Microsoft Exchange Server: all that extriage reads"))
    for group in made:
        lines += [
            "    -",
            f"        Name: {_quoted('Exchange: ' + groups()[group])}",
            "        Category: Exchange",
            f"        Path: {_name(group)}.tkape",
        ]
    return _whole(lines, ("kape.exe --tsource C: --target ExtriageExchange --tdest FOLDER",))


def _target(group: str, taken: Iterable[Wanted]) -> str:
    lines = list(_head(_name(group), f"Microsoft Exchange Server: {groups()[group]}"))
    for one in taken:
        for mask in _masks(one.patterns):
            lines += _entry(one, mask)
        if one.place.served:
            # NOTE: IIS may serve a file of any name as a page.
            lines += _entry(one, "*", SMALL)
    return _whole(lines, ())


def _whole(lines: list[str], more: Iterable[str]) -> str:
    told = (
        "Made by extriage from the table of what it reads.",
        "KAPE takes files of any age. Folders that were moved are not found by themselves:",
        "make the targets again with --install and --iis-logs, and run KAPE once for each drive.",
        *more,
    )
    return "\n".join([*lines, "", "# Documentation", *(f"# {line}" for line in told)]) + "\n"


def _entry(one: Wanted, mask: str, largest: int = 0) -> Iterator[str]:
    yield "    -"
    yield f"        Name: {_quoted('Exchange: ' + one.place.title)}"
    yield "        Category: Exchange"
    yield f"        Path: {_quoted(_path(one.folder))}"
    yield f"        FileMask: {_quoted(mask)}"
    if one.deep:
        yield "        Recursive: true"
    if largest:
        yield f"        MaxSize: {largest}"
    if mask in _STREAMS:
        yield "        AlwaysAddToQueue: true"
        yield f"        SaveAsFileName: {_quoted(_STREAMS[mask])}"
    yield f"        Comment: {_quoted(one.place.why)}"


def _path(folder: str) -> str:
    return windows(folder.replace("/Users/*", "/Users/%user%")) + "\\"


def _masks(patterns: tuple[str, ...]) -> Iterator[str]:
    """Yield file masks: names as they are if they are few, else one regular expression.

    KAPE matches whole names with it.
    """
    if len(patterns) <= _FEW:
        yield from patterns
        return
    found = [_EXTENSION.fullmatch(pattern) for pattern in patterns]
    endings = [match[1] for match in found if match]
    words = [_expression(name) for name, match in zip(patterns, found, strict=True) if not match]
    if endings:
        words.append(rf".*\.(?:{'|'.join(endings)})")
    yield f"regex:(?i)(?:{'|'.join(words)})"


def _expression(pattern: str) -> str:
    escaped = _SPECIAL.sub(lambda special: "\\" + special[0], pattern)
    return escaped.replace("*", ".*").replace("?", ".")


def _quoted(text: str) -> str:
    """Write text for YAML: between single quotes nothing has a meaning but they themselves."""
    return "'" + text.replace("'", "''") + "'"
