"""The one line that says why: short, and true on its own."""

from collections.abc import Sequence
from dataclasses import replace

from extriage.model.detection import Finding, Level
from extriage.model.host import Absence, CampaignVerdict, Chain, CveVerdict, Status, Verdict
from extriage.model.persistence import Persistence, Presence


def reason(
    status: Status,
    top: Finding | None,
    findings: Sequence[Finding],
    judged: Sequence[CampaignVerdict],
    chain: Chain | None = None,
) -> str:
    """Return the sentence behind a verdict; a chain if no finding proves it alone."""
    if top is not None:
        return _seen(status, top, findings, judged) + (_chained(chain) if chain else "")
    answers = [cve for campaign in judged for cve in campaign.coverage]
    found = _worth_a_look(findings)
    if status is Status.NO_SIGN:
        covered = [cve.cve for cve in answers if cve.answer is Absence.NOT_SEEN]
        if not covered:
            return f"{found}, and nothing that is looked for applies to this server."
        return f"{found}, and the logs that would show {_list(covered)} cover the time."
    unknown = [cve for cve in answers if cve.answer is Absence.CANNOT_TELL and cve.weighs]
    if not unknown:
        return f"{found}, but there is too little evidence to say anything."
    return f"{found}; but much could not have been seen: {_why(unknown)}."


def mentioned_in(verdict: Verdict, ways: Sequence[Persistence]) -> Verdict:
    """Let the reason of a verdict without an attack say what is there to ask about all the same."""
    many = sum(one.state in (Presence.PRESENT, Presence.UNKNOWN) for one in ways)
    if not many or verdict.status in (Status.COMPROMISED, Status.TARGETED):
        return verdict
    what = "One thing" if many == 1 else f"{many} things"
    could = "could let somebody back in all the same: ask whose"
    return replace(
        verdict, reason=f"{verdict.reason} {what} {could} {'it is' if many == 1 else 'they are'}."
    )


def _worth_a_look(findings: Sequence[Finding]) -> str:
    """Say that nothing was found, or what was found that proves nothing alone."""
    known = [
        one for one in findings if one.hints or one.about or one.level.rank >= Level.MEDIUM.rank
    ]
    if not known:
        return "Nothing was found"
    first = max(known, key=lambda one: one.level.rank)
    when = f" at {first.first:%Y-%m-%d %H:%M} UTC" if first.first else ""
    more = f" and {len(known) - 1} more" if len(known) > 1 else ""
    return f"No attack was found; worth a look: {first.title}{when}{more}"


def _chained(chain: Chain) -> str:
    """Say which chain lifts the verdict, and why."""
    names = [value for name, value in chain.keys if name == "address"]
    who = f" of {names[0]}{' and others' if len(names) > 1 else ''}" if names else ""
    many, first = len(chain.steps), f"{chain.first:%Y-%m-%d %H:%M} UTC"
    if many == 1:
        return f" One step{who} at {first} tells more than its line: {chain.raised}."
    return f" {many} steps{who} since {first} belong together: {chain.raised}."


def _seen(
    status: Status, top: Finding, findings: Sequence[Finding], judged: Sequence[CampaignVerdict]
) -> str:
    when = f" at {top.first:%Y-%m-%d %H:%M} UTC" if top.first else ""
    text = f"{top.title}{when}"
    others = sum(f.stage is not None for f in findings) - 1
    if others:
        text += f", and {others} more finding{'s' if others > 1 else ''}"
    if status is Status.COMPROMISED:
        return text + "."
    unknown = [
        cve for campaign in judged for cve in campaign.coverage if cve.answer is Absence.CANNOT_TELL
    ]
    tail = f"; but {_list([c.cve for c in unknown])} cannot be told" if unknown else ""
    return f"{text}; no sign that it worked{tail}."


def _why(unknown: Sequence[CveVerdict]) -> str:
    notes: dict[str, list[str]] = {}
    for cve in unknown:
        notes.setdefault(cve.note, []).append(cve.cve)
    note, cves = max(notes.items(), key=lambda item: len(item[1]))
    rest = len(unknown) - len(cves)
    return f"{note} ({_list(cves)})" + (f", and {rest} more" if rest else "")


def _list(cves: Sequence[str]) -> str:
    short = [cves[0], *(cve.removeprefix("CVE-") for cve in cves[1:4])]
    return ", ".join(short) + (f" and {len(cves) - 4} more" if len(cves) > 4 else "")
