"""What to collect in addition: which place, and which line of a recipe, would fill a gap.

A log that nobody collected may still lie on the server; one that is cut short may be whole in a
backup or a shadow copy. Only gaps that keep a question from its answer are told.
"""

from collections.abc import Iterable, Iterator

from extriage.knowledge.exposures import exposure_groups
from extriage.knowledge.places import GENERATIONS, Place, bases, for_kind, places
from extriage.model.exposure import Shown
from extriage.model.host import Absence, Host

_BUILD = ("exchange-programs", "registry", "setup-logs")
"""Places that name the build."""


def places_to_fill(host: Host) -> tuple[Place, ...]:
    """Return the places whose files would answer what nobody can tell now, best first."""
    product = next((one for one in GENERATIONS if one in host.patch.product), "")
    ids = {place.id for kind in set(_wanting(host)) for place in for_kind(kind)}
    ids |= set(() if host.patch.build else _BUILD)
    return tuple(place for place in places() if place.id in ids and _fits(place, product))


def recipe(found: Iterable[Place]) -> str:
    """Return the command that makes a recipe of these places."""
    return f"extriage collect powershell --only {','.join(place.id for place in found)}"


def spot(place: Place) -> str:
    r"""Write where a place is on any server: `<Exchange>\Logging\ECP`."""
    start = "<Exchange>" if place.base == "install" else bases()[place.base].default
    return "\\".join(filter(None, (start, place.folder))).replace("/", "\\")


def _wanting(host: Host) -> Iterator[str]:
    """Yield kinds of evidence for which a question waits."""
    for cve in (one for campaign in host.campaigns for one in campaign.coverage):
        if cve.answer is Absence.CANNOT_TELL:
            yield from _single(log.kind for log in cve.logs if not log.covered)
    there = {one.kind for one in host.coverage if one.files or one.records}
    for answer in host.exposure_answers:
        group = exposure_groups().get(answer.kind)
        if group and answer.answer is Shown.CANNOT_TELL:
            yield from (kind for kind in _single(group.needs) if kind not in there)


def _single(kinds: Iterable[str]) -> Iterator[str]:
    """Yield kinds one by one; `a+b` are needed together."""
    return (part.strip() for kind in kinds for part in kind.split("+"))


def _fits(place: Place, product: str) -> bool:
    return not product or product in place.generations
