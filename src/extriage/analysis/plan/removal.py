"""One action for each way back: its steps, commands to review, and how to see that it is gone.

More than a few dozen of one kind share an action, whose commands hold all of them as a list.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from extriage.analysis.objectkeys import base_name, is_needed, page_key
from extriage.analysis.plan.calls import REASONS, open_ways
from extriage.analysis.plan.commands import commands, unspeakable
from extriage.analysis.plan.powershell import fill, literal, name_literal
from extriage.analysis.plan.words import called
from extriage.knowledge.persistence import persistence_kinds
from extriage.knowledge.plan import Order, Removal, plan_steps, plan_table, spoken
from extriage.model.host import Action, Command, Host
from extriage.model.persistence import Persistence
from extriage.parsers.file_name import server_path

EACH = 25
"""More ways back of one kind than these share one action."""
FILES = 4
_DRIVE = re.compile(r"^[A-Za-z]:\\[^:*?\"<>|/]+$")
_LOCAL_SHARE = re.compile(r"^\\\\(?:127\.0\.0\.1|localhost)\\([A-Za-z])\$\\", re.I)
_UPWARDS = re.compile(r"(?:^|\\)\.{1,2}(?:\\|$)")
_OF_WINDOWS = re.compile(
    r"(?i)^[a-z]:\\windows\\(?!temp\\|debug\\|microsoft\.net\\[^\\]+\\[^\\]+\\temporary )"
)
_FILE_FORMS = ("page", "path", "library")


@dataclass(frozen=True, slots=True)
class _Row:
    """What goes into the places of one object, or of one of its files."""

    values: dict[str, str]
    foreign: bool
    """False for a file among Windows' own, which may be one of them."""


def removals(host: Host, umbrella: str, *, sure: bool) -> tuple[Action, ...]:
    """Return the actions below `remove-ways-back` or `ask-about-ways-back`, in the case's order."""
    by_kind: dict[str, list[Persistence]] = {}
    for one in open_ways(host, sure=sure):
        by_kind.setdefault(one.kind, []).append(one)
    found = []
    for kind, ways in by_kind.items():
        if len(ways) > EACH:
            found.append(_group(umbrella, kind, ways, host.patch.product))
        else:
            found += [_single(umbrella, one, host.patch.product) for one in ways]
    return tuple(found)


def _single(umbrella: str, one: Persistence, product: str) -> Action:
    first = "Take out" if umbrella.startswith("remove") else "Ask about"
    removal = _removal(one.kind, product)
    rows = list(_rows(one))
    made: dict[str, Command] = {}
    for row in rows:
        fitting = [order for order in _orders(removal, one) if _may(order, row)]
        made |= {command.text: command for command in commands(fitting, row.values)}
    text = " ".join(filter(None, [_steps(one), unspeakable(int(_is_unnamed(removal, one, rows)))]))
    title = f"{first} {called(one)}"
    return _action(umbrella, one.id, (title, text), [one], tuple(made.values()))


def _group(umbrella: str, kind: str, ways: Sequence[Persistence], product: str) -> Action:
    title = persistence_kinds()[kind].title if kind in persistence_kinds() else kind
    first = "Take out" if umbrella.startswith("remove") else "Ask about"
    removal = _removal(kind, product)
    made = tuple(_looped(removal, ways)) if removal else ()
    unnamed = sum(_is_unnamed(removal, one, list(_rows(one))) for one in ways)
    text = [f"For each of them: {_steps(ways[0])}", unspeakable(unnamed)]
    name = f"{first} all {len(ways)} of this kind: {title}"
    return _action(umbrella, kind, (name, " ".join(filter(None, text))), ways, made)


def _action(
    umbrella: str,
    name: str,
    words: tuple[str, str],
    ways: Sequence[Persistence],
    made: tuple[Command, ...],
) -> Action:
    step = plan_steps()[umbrella]
    removal = plan_table().removals.get(ways[0].kind)
    because = [one.id for one in ways]
    if len(ways) == 1:
        because += ways[0].findings[:REASONS]
    return Action(
        f"{umbrella}/{name}",
        *words,
        step.when,
        tuple(dict.fromkeys(because)),
        made,
        removal.verify if removal else step.verify,
        (*step.needs, umbrella),
    )


def _removal(kind: str, product: str) -> Removal | None:
    """Return how a kind is taken out, with the commands that this product has."""
    removal = plan_table().removals.get(kind)
    return replace(removal, commands=spoken(removal.commands, product)) if removal else None


def _orders(removal: Removal | None, one: Persistence) -> Iterator[Order]:
    """Yield the templates that fit an object: nothing that Exchange needs is deleted."""
    kind = persistence_kinds().get(one.kind)
    needed = kind is not None and is_needed(kind, one.object)
    for order in removal.commands if removal else ():
        named = order.only is None or order.only.search(one.object) is not None
        if named and not (order.removes and needed):
            yield order


def _rows(one: Persistence) -> Iterator[_Row]:
    """Yield what goes into the places: for each file of the object, or once if none is known."""
    kept = literal(one.id)
    if kept is None:
        return
    values = {**dict(_named(one)), "kept": f"(Join-Path $Keep {kept})"}
    files = [(path, found) for path in _files(one) if (found := literal(path))]
    for path, file in files:
        yield _Row({**values, "file": file}, foreign=not _OF_WINDOWS.match(path))
    if not files:
        yield _Row(values, foreign=False)


def _may(order: Order, row: _Row) -> bool:
    """Tell whether all places have values, and no file is deleted that may be Windows' own."""
    return order.places <= row.values.keys() and (row.foreign or not order.removes)


def _is_unnamed(removal: Removal | None, one: Persistence, rows: Sequence[_Row]) -> bool:
    """Tell whether commands had to be left out because of what is in the name."""
    wanted = any(order.places for order in _orders(removal, one))
    quoted = any(row.values.keys() > {"kept"} for row in rows)
    return wanted and not quoted


def _named(one: Persistence) -> Iterator[tuple[str, str]]:
    """Yield the places that the name of the object fills."""
    kind = persistence_kinds().get(one.kind)
    removal = plan_table().removals.get(one.kind)
    found = {"name": kind.command_name(one.object) if kind else one.object}
    if kind and kind.form in _FILE_FORMS:
        found["page"] = base_name(one.object.replace("\\", "/")) or base_name(page_key(one.object))
    else:
        found["page"] = found["name"]
    match = removal.parts.match(one.object) if removal and removal.parts else None
    found |= match.groupdict() if match else {}
    for place, text in found.items():
        quoted = name_literal(text.strip())
        if quoted:
            yield place, quoted


def _files(one: Persistence) -> list[str]:
    """Return where the object lies on the server's disks, as far as it is told with a drive."""
    told = [one.object, *one.paths]
    paths = (_LOCAL_SHARE.sub(r"\1:\\", server_path(path)) for path in told)
    found = {path.casefold(): path for path in paths if _is_file(path)}
    return list(found.values())[:FILES]


def _is_file(path: str) -> bool:
    return _DRIVE.match(path) is not None and _UPWARDS.search(path) is None


def _looped(removal: Removal, ways: Sequence[Persistence]) -> Iterator[Command]:
    """Yield each command once, for a list of all objects that have what it asks for."""
    for order in removal.commands:
        places = sorted(order.places)
        rows = [
            _entry(row, places)
            for one in ways
            if order in _orders(removal, one)
            for row in _rows(one)
            if _may(order, row)
        ]
        if not places:
            yield Command(order.text, order.purpose, order.changes)
        elif rows:
            body = fill(order.text, {place: f"$one.{place}" for place in places})
            inner = "\n".join(f"  {line}" for line in body.splitlines())
            listed = ",\n".join(dict.fromkeys(rows))
            text = f"foreach ($one in @(\n{listed}\n)) {{\n{inner}\n}}"
            yield Command(text, order.purpose, order.changes)


def _entry(row: _Row, places: Iterable[str]) -> str:
    return "  @{ " + "; ".join(f"{place} = {row.values[place]}" for place in places) + " }"


def _steps(one: Persistence) -> str:
    return " ".join(
        f"({at}) {step if step.endswith('.') else step + '.'}"
        for at, step in enumerate(one.removal, 1)
    )
