"""Is it patched? Builds, support, what is open, the checks that decide, and the way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.knowledge.builds import build_table, number
from extriage.knowledge.campaigns import campaigns
from extriage.model.evidence import BuildSeen
from extriage.model.host import AdvisoryState, OpenWindow, Patch, State, SupportState
from extriage.model.state import Answer, CheckAnswer, Proof
from extriage.reports.html.sections.amounts import many
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.ladder import short_names

OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)
_SUPPORT = {
    SupportState.SUPPORTED: ("supported", "plain"),
    SupportState.PAID: ("gets paid updates only", "warn"),
    SupportState.UNSUPPORTED: ("out of support", "bad"),
    SupportState.UNKNOWN: ("support not known", "unsure"),
}
_CHECKS = {
    Answer.FAILED: ("not as it must be", "bad"),
    Answer.CANNOT_TELL: ("cannot tell", "unsure"),
    Answer.PASSED: ("as it must be", "good"),
    Answer.NOT_APPLICABLE: ("does not apply", "plain"),
}
_SOURCES = 20
_WINDOWS = 8
_NAMED = 6


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What named a build, and when."""

    build: str
    release: str
    evidence: str
    first: datetime | None
    last: datetime | None
    precise: bool


@dataclass(frozen=True, slots=True)
class CheckView:
    """One configuration check."""

    anchor: str
    title: str
    answer: str
    tone: str
    cves: str
    note: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class StepOut:
    """One step of the way to a safe build."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PatchView:
    """The state of the server."""

    known: bool
    build: str
    release: str
    vague: bool
    """True if the evidence shows no security updates."""
    support: str
    support_tone: str
    support_note: str
    open: str
    open_tone: str
    windows: tuple[str, ...]
    windows_left: int
    sources: tuple[SourceRow, ...]
    sources_left: int
    conflicts: tuple[str, ...]
    checks: tuple[CheckView, ...]
    way_out: tuple[StepOut, ...]


def patch_view(patch: Patch, at: int, bounds: Bounds) -> PatchView:
    """Return what the evidence tells of builds and settings; the advisories have a table."""
    support, tone = _SUPPORT[patch.support.state]
    precise = any(one.precision == "su" for one in patch.sources if one.build == patch.build)
    order = list(_CHECKS)
    checks = sorted(enumerate(patch.checks), key=lambda item: order.index(item[1].answer))
    sources = sorted(patch.sources, key=_when)
    windows = open_windows(patch.advisories)
    return PatchView(
        known=bool(patch.build or patch.product),
        build=brief(patch.build),
        release=brief(_release(patch)),
        vague=bool(patch.build) and not precise,
        support=support,
        support_tone=tone,
        support_note=prose(patch.support.note),
        open=open_words(patch.advisories),
        open_tone=open_tone(patch.advisories),
        windows=tuple(_window_words(*one) for one in windows[:_WINDOWS]),
        windows_left=max(len(windows) - _WINDOWS, 0),
        sources=tuple(_source(one) for one in sources[:_SOURCES]),
        sources_left=max(len(sources) - _SOURCES, 0),
        conflicts=tuple(prose(text) for text in patch.conflicts),
        checks=tuple(_check(one, f"h{at}-check-{place}", bounds) for place, one in checks),
        way_out=tuple(StepOut(prose(one.title), prose(one.text)) for one in patch.action),
    )


def _release(patch: Patch) -> str:
    product = f"Exchange {patch.product}" if patch.product else ""
    return " ".join(word for word in (product, patch.cu, patch.su) if word)


def _when(one: BuildSeen) -> tuple[bool, str, str]:
    return one.first is None, one.first.isoformat() if one.first else "", one.build


def _source(one: BuildSeen) -> SourceRow:
    parts = number(one.build)
    known = build_table().name(parts) if parts else None
    release = f"{known.cu} {known.su}".strip() if known and known.number == parts else ""
    precise = one.precision == "su"
    return SourceRow(brief(one.build), release, brief(one.evidence), one.first, one.last, precise)


def used_open(rows: Sequence[AdvisoryState]) -> tuple[int, int]:
    """Return how many known holes are open, and how many of them attackers are known to use."""
    still = [row for row in rows if row.state in OPEN]
    return len(still), sum(bool(row.kev or row.window) for row in still)


def open_words(rows: Sequence[AdvisoryState]) -> str:
    """Say how many known holes are open; what the evidence cannot tell is counted apart."""
    still, used = used_open(rows)
    unsure = sum(row.state is State.CANNOT_TELL for row in rows)
    words = many(still, "known hole") + " open" if still else ""
    words += f", {used} of them used by attackers" if used else ""
    doubt = f"{unsure} cannot be told for lack of evidence" if unsure else ""
    return "; ".join(filter(None, (words, doubt))) or "no known hole of this table is open"


def open_tone(rows: Sequence[AdvisoryState]) -> str:
    """Return the tone of what is open: bad if attackers use it."""
    still, used = used_open(rows)
    if still:
        return "bad" if used else "warn"
    return "unsure" if any(row.state is State.CANNOT_TELL for row in rows) or not rows else "good"


def open_windows(rows: Sequence[AdvisoryState]) -> list[tuple[OpenWindow, list[str]]]:
    """Return the times in which holes of judged campaigns stood open, with their CVEs.

    That of most holes comes first; of as many the latest.
    """
    asked = {cve.id for campaign in campaigns() for cve in campaign.cves}
    windows: dict[tuple[datetime, datetime], list[AdvisoryState]] = {}
    for row in rows:
        if row.window and row.cve in asked:
            windows.setdefault((row.window["from"], row.window["to"]), []).append(row)
    ranked = sorted(windows.items(), key=lambda item: (len(item[1]), item[0]), reverse=True)
    return [(group[0].window, [row.cve for row in group]) for _, group in ranked if group[0].window]


def _window_words(window: OpenWindow, cves: Sequence[str]) -> str:
    most = "" if window["proved"] else "at most "
    end = f"{window['to']:%Y-%m-%d}"
    until = f"to {end}" if window["closed"] else f"and still on {end}, where the evidence ends"
    names = prose(short_names(list(cves[:_NAMED])))
    names += f" and {len(cves) - _NAMED} more" if len(cves) > _NAMED else ""
    return f"{names}: {most}from {window['from']:%Y-%m-%d} {until} ({many(window['days'], 'day')})"


def _check(one: CheckAnswer, anchor: str, bounds: Bounds) -> CheckView:
    words, tone = _CHECKS[one.answer]
    proofs = one.proofs[: bounds.proofs]
    cves = prose(short_names(list(one.cves)))
    return CheckView(anchor, brief(one.title), words, tone, cves, prose(one.note), proofs)
