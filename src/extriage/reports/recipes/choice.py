"""What a recipe is to collect: which places, how far back, and in which folders of the server.

A recipe that cannot look at the server itself gets Setup's own folders, or those that the analyst
names; recipes that run there (Velociraptor, PowerShell) ask the server.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from extriage.errors import UsageError
from extriage.knowledge.installation import Installation, Wanted, plain, wanted
from extriage.knowledge.places import GENERATIONS, Place, bases, of_generation, places

_DRIVE = re.compile(
    r"[A-Za-z]:/[^\x00-\x1f\x7f-\x9f\"'<>|*?%`$\[\]{}:"
    # NOTE: PowerShell takes curly quotes for quotes; others break lines or hide what they say.
    r"\u2018-\u201f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]{1,200}"
)
_MARK = re.compile("@([A-Z]+)@")
_EACH = "/*"
_NEWEST = GENERATIONS[-1]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the analyst asked for."""

    days: int = 0
    """How many days of logs; 0 for all that there are."""
    install: str = ""
    """Exchange's own folder, `E:/Exchange`; empty for Setup's choice."""
    iis_logs: str = ""
    """The folder above those of the sites' logs; empty for Windows' choice."""
    generation: str = ""
    """Exchange product; empty for any."""
    only: tuple[str, ...] = ()
    """Ids of places; all if there are none."""


def choice(
    days: int | None, install: str, iis_logs: str, generation: str, only: Iterable[str]
) -> Choice:
    """Check what was asked for; UsageError says what no recipe can carry."""
    ids = tuple(dict.fromkeys(part.strip() for one in only for part in one.split(",") if part))
    known = {place.id for place in places()}
    if unknown := [id for id in ids if id not in known]:
        raise UsageError(
            f"there is no place {unknown[0]}; `extriage collect list` shows the names of all"
        )
    made = Choice(days or 0, _folder(install), _folder(iis_logs), generation, ids)
    if not chosen(made):
        raise UsageError(f"Exchange {generation} has none of these places: {', '.join(ids)}")
    return made


def filled(template: str, values: Mapping[str, str]) -> str:
    """Put values at the marks of a template (`@DAYS@`); a mark inside a value stays as it is."""
    return _MARK.sub(lambda found: values.get(found[1], found[0]), template)


def chosen(choice: Choice) -> tuple[Place, ...]:
    """Return the places that a recipe takes, what tells most first."""
    found = of_generation(choice.generation)
    return tuple(place for place in found if not choice.only or place.id in choice.only)


def folders(choice: Choice) -> tuple[Wanted, ...]:
    """Return every folder that a recipe looks into, with what it takes there, each once.

    `*` stands for each folder of users.
    """
    found: dict[tuple[str, tuple[str, ...], bool], Wanted] = {}
    for generation in _generations(choice):
        having = [place for place in chosen(choice) if generation in place.generations]
        for one in wanted(having, _installation(choice, generation)):
            found.setdefault((one.folder.lower(), one.patterns, one.deep), one)
    order = {place.id: number for number, place in enumerate(places())}
    return tuple(sorted(found.values(), key=lambda one: order[one.place.id]))


def _generations(choice: Choice) -> Iterator[str]:
    if choice.generation:
        yield choice.generation
    else:
        yield from (_NEWEST, "2016", GENERATIONS[0])


def _installation(choice: Choice, generation: str) -> Installation:
    given = {"install": choice.install, "iis-logs": choice.iis_logs}
    each = {"users": _EACH}
    return Installation(
        {
            id: ((given.get(id) or base.at(generation)) + each.get(id, ""),)
            for id, base in bases().items()
        }
    )


def _folder(text: str) -> str:
    if not text:
        return ""
    folder = plain(text)
    if not _DRIVE.fullmatch(folder) or ".." in text.replace("\\", "/").split("/"):
        raise UsageError(
            rf"{text} is no folder of a Windows drive; write it like E:\Exchange, without "
            "wildcards and quotes"
        )
    return folder
