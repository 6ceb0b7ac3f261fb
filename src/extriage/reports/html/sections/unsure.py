"""What could not be told, and why: gaps, missing logs, damaged files, what was suppressed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.knowledge.evidence import describe
from extriage.knowledge.exposures import exposure_groups
from extriage.model.case import Case
from extriage.model.evidence import Entry
from extriage.model.exposure import Shown
from extriage.model.host import Absence, Coverage, Host
from extriage.reports.filling import places_to_fill, recipe, spot
from extriage.reports.html.sections.amounts import many
from extriage.reports.html.sections.bounds import TEXT_CHARACTERS, Bounds, brief, prose
from extriage.reports.neutral import cut

_GAPS = 6
_NOTES = 40
_SUPPRESSED = 30
_ENTRIES = 40
_ASIDE = (Absence.NOT_APPLICABLE, Absence.NOT_YET)


@dataclass(frozen=True, slots=True)
class GapRow:
    """One kind of evidence with stretches of time of which it has nothing."""

    kind: str
    gaps: tuple[tuple[datetime, datetime], ...]
    left: int


@dataclass(frozen=True, slots=True)
class SuppressedRow:
    """Lines that an entry of a suppress file took away."""

    title: str
    stage: str
    count: int
    first: datetime | None
    last: datetime | None
    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """What was not seen of one server."""

    notes: tuple[str, ...]
    notes_left: int
    missing: tuple[tuple[str, str], ...]
    """Kinds that a verdict needs and that the evidence does not have, with what they would tell."""
    places: tuple[tuple[str, str], ...]
    """Places to collect in addition: what lies there, and where."""
    recipe: str
    """The command that makes a recipe of them; empty without any."""
    gaps: tuple[GapRow, ...]
    damaged: tuple[tuple[str, str, str], ...]
    """Path, what became of it, and why."""
    damaged_left: int
    skipped: int
    suppressed: tuple[SuppressedRow, ...]
    suppressed_left: int


def unsure(host: Host, case: Case, bounds: Bounds) -> Unsure:
    """Return what a reader must know before he trusts that nothing was found."""
    entries = [*host.manifest.entries, *(case.unassigned if len(case.hosts) < 2 else ())]
    damaged = damaged_files(entries)
    found = places_to_fill(host)
    return Unsure(
        notes=tuple(prose(note) for note in host.notes[:_NOTES]),
        notes_left=max(len(host.notes) - _NOTES, 0),
        missing=missing_kinds(host),
        places=tuple((place.title, spot(place)) for place in found),
        recipe=recipe(found) if found else "",
        gaps=tuple(_gaps(one) for one in host.coverage if one.gaps),
        damaged=damaged[: bounds.files],
        damaged_left=max(len(damaged) - bounds.files, 0),
        skipped=host.manifest.skipped,
        suppressed=tuple(_suppressed(host))[:_SUPPRESSED],
        suppressed_left=max(len(host.suppressed) - _SUPPRESSED, 0),
    )


def damaged_files(entries: Iterable[Entry]) -> tuple[tuple[str, str, str], ...]:
    """Return files that were not, or not wholly, read: path, status and reason."""
    words = {"unreadable": "not read", "partial": "read in part"}
    return tuple(
        (brief(one.path), words[one.status], cut(one.reason, TEXT_CHARACTERS))
        for one in entries
        if one.status in words
    )


def missing_kinds(host: Host) -> tuple[tuple[str, str], ...]:
    """Return the logs that nobody collected, and what each would show: attacks, or data."""
    there = {one.kind for one in host.coverage if one.files or one.records}
    holes: dict[str, set[str]] = {}
    for cve in (one for campaign in host.campaigns for one in campaign.coverage):
        if cve.answer not in _ASIDE:
            for kind in _single(log.kind for log in cve.logs):
                holes.setdefault(kind, set()).add(cve.cve)
    data: dict[str, list[str]] = {}
    for answer in host.exposure_answers:
        group = exposure_groups().get(answer.kind)
        if group and answer.answer is Shown.CANNOT_TELL:
            for kind in _single(group.needs):
                data.setdefault(kind, []).append(brief(answer.title))
    absent = sorted(kind for kind in {*holes, *data} if kind and kind not in there)
    return tuple(
        (describe(kind), _for_what(len(holes.get(kind, ())), data.get(kind, ()))) for kind in absent
    )


def _single(kinds: Iterable[str]) -> Iterable[str]:
    """Return kinds one by one; `a+b` are needed together."""
    return dict.fromkeys(part.strip() for kind in kinds for part in kind.split("+"))


def _for_what(holes: int, data: Sequence[str]) -> str:
    words = [f"attacks on {many(holes, 'hole')} that may have been open"] if holes else []
    words += [f"what became of {', '.join(data)}"] if data else []
    return f"would show {'; and '.join(words)}"


def _gaps(one: Coverage) -> GapRow:
    longest = sorted(one.gaps, key=lambda gap: (gap["from"] - gap["to"], gap["from"]))[:_GAPS]
    return GapRow(
        describe(one.kind),
        tuple(sorted((gap["from"], gap["to"]) for gap in longest)),
        max(len(one.gaps) - _GAPS, 0),
    )


def _suppressed(host: Host) -> Iterable[SuppressedRow]:
    for one in host.suppressed:
        scanner = f"scanner {one.scanner}, " if one.scanner else ""
        yield SuppressedRow(
            brief(one.title),
            one.stage.value if one.stage else "",
            one.count,
            one.first,
            one.last,
            brief(f"{scanner}{one.entry}"),
            brief(one.reason),
        )


@dataclass(frozen=True, slots=True)
class CaseWide:
    """What was not seen of the whole case."""

    files: tuple[tuple[str, int], ...]
    stray: tuple[tuple[str, str, str], ...]
    stray_left: int
    refused: int
    broken: int
    slow: int
    uses: tuple[tuple[str, int, str], ...]
    """Entries of suppress files: name, lines, and reason with a note of what it did not do."""


def case_wide(case: Case, bounds: Bounds) -> CaseWide:
    """Count files and rules of the whole case, and name files that belong to no server."""
    stray = damaged_files(case.unassigned) if len(case.hosts) != 1 else ()
    refused = case.tool.refused_rules
    return CaseWide(
        files=_files(case),
        stray=stray[: bounds.files],
        stray_left=max(len(stray) - bounds.files, 0),
        refused=len(refused),
        broken=sum(one.broken for one in refused),
        slow=len(case.tool.slow_rules),
        uses=tuple(
            (
                brief(use.entry.id),
                use.lines,
                cut("; ".join(filter(None, (use.entry.reason, use.note))), TEXT_CHARACTERS),
            )
            for use in case.suppressions[:_ENTRIES]
        ),
    )


def _files(case: Case) -> tuple[tuple[str, int], ...]:
    manifests = [host.manifest for host in case.hosts]
    count = Counter(entry.status for entry in case.unassigned)
    read = count["read"] + count["partial"]
    return (
        ("seen", sum(one.seen for one in manifests) + len(case.unassigned)),
        ("read", sum(one.read for one in manifests) + read),
        ("skipped", sum(one.skipped for one in manifests) + count["skipped"]),
        ("unreadable", sum(one.unreadable for one in manifests) + count["unreadable"]),
    )
