"""The state of a server on the screen: its builds, what they leave open, and the way out."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from rich.text import Text

from extriage.knowledge.builds import build_table, number
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.wayout import way_out_texts
from extriage.model.host import AdvisoryState, Patch, State, SupportState
from extriage.model.state import Answer, CheckAnswer
from extriage.reports.ladder import short_names
from extriage.reports.paper import Paper, when

_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)
_SUPPORT = {
    SupportState.SUPPORTED: "",
    SupportState.PAID: "gets paid updates only",
    SupportState.UNSUPPORTED: "out of support",
    SupportState.UNKNOWN: "",
}
_ASIDE = ("save", "stopgap", "verify", "interim", "hunt")
_INDENT = 11


def patch_block(paper: Paper, patch: Patch, *, brief: bool = False) -> list[Text]:
    """Return the few lines that matter; `extriage version BUILD` has the rest.

    `brief` is for a server that was broken into: the way out comes last, and stands in the plan.
    """
    known = bool(patch.build or patch.product)
    unseen = paper.line("  Build    ", ("not seen in this evidence", "magenta"))
    lines = brief_block(paper, patch, counts=brief) if known else [unseen]
    if known and not brief:
        lines += _labelled(paper, "Unsure", _unsure(patch.advisories))
    lines += _labelled(paper, "Settings", _settings(patch.checks), lines=2)
    lines += _labelled(paper, "History", _history(patch), lines=2)
    lines += _labelled(paper, "Was open", _windows(patch.advisories, days=brief), lines=2)
    if patch.conflicts:
        more = f" (and {len(patch.conflicts) - 1} more)" if len(patch.conflicts) > 1 else ""
        lines += _labelled(paper, "Conflict", patch.conflicts[0] + more, lines=2)
    for label, step in zip(("Way out", ""), () if brief else _way_out(patch), strict=False):
        lines += _labelled(paper, label, step)
    return lines


def brief_block(paper: Paper, patch: Patch, *, counts: bool = False) -> list[Text]:
    """Return the build and how much is open; with `counts` no hole is named."""
    if not patch.build and not patch.product:
        return []
    build = _labelled(paper, "Build", _build(patch), lines=2)
    return build + _labelled(paper, "Open", _open(patch.advisories, counts=counts), lines=2)


def open_words(patch: Patch) -> str:
    """Say build and number of open vulnerabilities in about 22 columns."""
    if not patch.build:
        return ""
    count = sum(row.state in _OPEN for row in patch.advisories)
    return f"{patch.build}, {count} open"


def _labelled(paper: Paper, label: str, text: str, *, lines: int = 1) -> list[Text]:
    if not text:
        return []
    return paper.paragraph([f"  {label:8} "], text, lines=lines, indent=_INDENT)


def _build(patch: Patch) -> str:
    product = f"Exchange {patch.product}" if patch.product else ""
    release = " ".join(word for word in (product, patch.cu, patch.su) if word)
    precise = any(one.precision == "su" for one in patch.sources if one.build == patch.build)
    words = [
        f"{patch.build or 'unknown'}{f' ({release})' if release else ''}",
        "" if precise or not patch.build else "its security updates are not seen",
        _SUPPORT[patch.support.state],
    ]
    return "; ".join(word for word in words if word)


def _open(rows: Sequence[AdvisoryState], *, counts: bool) -> str:
    still_open = [row for row in rows if row.state in _OPEN]
    used = [row.cve for row in still_open if row.kev or row.window]
    if not still_open:
        unsure = any(row.state is State.CANNOT_TELL for row in rows)
        return "nothing that this evidence proves to be open" if unsure else "no known hole"
    text = f"{len(still_open)} known holes" if len(still_open) > 1 else "1 known hole"
    told = f"{text}, {len(used)} of them used by attackers" if used else text
    return f"{told}: {_few(used)}" if used and not counts else told


def _unsure(rows: Sequence[AdvisoryState]) -> str:
    unknown = [row.cve for row in rows if row.state is State.CANNOT_TELL]
    if not unknown:
        return ""
    return f"{len(unknown)} for lack of evidence: {_few(unknown)}"


def _settings(checks: Sequence[CheckAnswer]) -> str:
    """Name the settings that leave a patched server open, if any evidence shows them."""
    named = way_out_texts().settings
    failed = [
        named[check.id].name if check.id in named else check.title
        for check in checks
        if check.answer is Answer.FAILED and check.proofs
    ]
    if not failed:
        return ""
    more = f" and {len(failed) - 4} more" if len(failed) > 4 else ""
    return f"{len(failed)} not as they must be: {', '.join(failed[:4])}{more}"


def _few(cves: Sequence[str]) -> str:
    """Name the newest few."""
    newest = sorted(cves, reverse=True)[:3]
    return short_names(newest) + (f" and {len(cves) - 3} more" if len(cves) > 3 else "")


def _history(patch: Patch) -> str:
    """Say when one build gave way to another, as running processes show it."""
    ran = [one for one in patch.sources if one.first and one.last and one.precision == "su"]
    ran.sort(key=lambda one: (one.first or one.last, number(one.build) or ()))
    changes = [
        f"{other.build}{_name(other.build)} from {when(other.first)}"
        for one, other in pairwise(ran)
        if other.first and one.build != other.build
    ]
    if not changes or ran[-1].build != patch.build:
        return ""
    return f"{ran[0].build}{_name(ran[0].build)}, then {', then '.join(changes[:3])}"


def _windows(rows: Sequence[AdvisoryState], *, days: bool) -> str:
    """Say when the door stood open to campaigns whose logs are judged; the longest one."""
    asked = {cve.id for campaign in campaigns() for cve in campaign.cves}
    windows: dict[tuple[datetime, datetime], list[AdvisoryState]] = {}
    for row in rows:
        if row.window and row.cve in asked:
            windows.setdefault((row.window["from"], row.window["to"]), []).append(row)
    if not windows:
        return ""
    (start, end), group = max(windows.items(), key=lambda item: (len(item[1]), item[0]))
    window = group[0].window
    assert window is not None
    most = "" if window["proved"] else "at most "
    moment = f"{end:%Y-%m-%d}" if days else when(end)
    until = f"to {moment}" if window["closed"] else f"and still on {moment}"
    names = short_names([row.cve for row in group])
    return f"{names}: {most}from {start:%Y-%m-%d} {until} ({window['days']} days)"


def _name(build: str) -> str:
    parts = number(build)
    known = build_table().name(parts) if parts else None
    return f" ({known.su or known.cu})" if known and known.number == parts else ""


def _way_out(patch: Patch) -> list[str]:
    """Name the first steps; what every plan has, and the settings, stand in the whole plan."""
    steps = [
        action.title.partition("), ")[0] + (")" if "), " in action.title else "")
        for action in patch.action
        if action.id not in _ASIDE and not action.id.startswith("setting-")
    ]
    return steps[:2]
