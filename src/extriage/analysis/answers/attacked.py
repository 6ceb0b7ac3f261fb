"""Was it attacked, did it work, what ran, and which signs of it must be reported?"""

from collections.abc import Iterable, Sequence

from extriage.analysis.answers.asking import (
    Asking,
    answered,
    cannot_tell,
    left_open,
    not_seen,
)
from extriage.analysis.answers.looking import (
    by_technique,
    covers,
    evidence_end,
    first_in,
    got_in,
    reach,
    since,
    unseen,
)
from extriage.analysis.answers.proving import of_findings, of_ways
from extriage.analysis.answers.saying import bullets, count, listed, sentence, span, when
from extriage.knowledge.evidence import describe
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.answer import Answer, Certain
from extriage.model.detection import Certainty, Finding, Level, Stage
from extriage.model.host import Absence, CampaignVerdict, Host, Status
from extriage.model.persistence import Persistence, Presence

_RAN = {
    Certainty.CONFIRMED: "Code of an intruder ran.",
    Certainty.LIKELY: "Code of an intruder most likely ran.",
    Certainty.POSSIBLE: "Code of an intruder may have run.",
}
_RUN_LOGS = ("events:Microsoft-Windows-Sysmon/Operational", "events:Security")


def campaigns_told(host: Host) -> tuple[str, ...]:
    """Say how far each campaign got that left a trace, the furthest first."""
    seen = [one for one in host.campaigns if one.stage]
    seen.sort(key=lambda one: (-(one.stage.rank if one.stage else 0), one.campaign))
    return bullets([_campaign(one) for one in seen])


def _campaign(one: CampaignVerdict) -> str:
    stage = one.stage.value if one.stage else ""
    sure = one.certainty.value if one.certainty else ""
    used = [cve.cve for cve in one.coverage if cve.answer is Absence.SEEN]
    through = f", {listed(used)}" if used else ""
    return sentence(f"{one.title}: {stage}, {sure}{through}, {span(one.first, one.last)}")


def unknown_told(host: Host) -> tuple[str, ...]:
    """Say in one sentence of which vulnerabilities nobody can tell whether they were used."""
    lost = unseen(host)
    if not lost:
        return ()
    example = f", such as {lost[0].cve}: {lost[0].note}" if lost[0].note else ""
    names = listed(one.cve for one in lost)
    return (sentence(f"Nobody can tell whether these were used: {names}{example}"),)


def inside(host: Host) -> Certainty:
    """Return how sure it is that somebody got in: the surest proof of it decides."""
    verdict = host.verdict.certainty or Certainty.POSSIBLE
    sure = [verdict, *(one.certainty for one in got_in(host))]
    return max(sure, key=lambda one: one.rank)


def attacked(host: Host, asking: Asking) -> Answer:
    """Tell whether the server was attacked, and whether that worked."""
    verdict, lines = host.verdict, of_findings(host, got_in(host))
    facts = (*campaigns_told(host), *unknown_told(host))
    reason = sentence(verdict.reason)
    if verdict.status is Status.COMPROMISED:
        sure = inside(host)
        value = "Perhaps it worked" if sure is Certainty.POSSIBLE else "Yes, and it worked"
        return answered(value, sure, reason, lines, facts)
    if verdict.status is Status.TARGETED:
        value = "Attacked; nothing proves that it worked"
        if unseen(host):
            return answered(value, Certain.CANNOT_TELL, reason, known=facts)
        return not_seen(reason, value, facts)
    if verdict.status is Status.NO_SIGN:
        return not_seen(reason, "No sign of an attack", facts)
    return cannot_tell(reason, facts)


def examined(host: Host, asking: Asking) -> Answer:
    """Say what was examined; it is the scan itself that answers."""
    manifest, tool = host.manifest, asking.case.tool
    text = (
        f"extriage {tool.version} read {manifest.read:,} of {manifest.seen:,} files of this server "
        f"with {tool.rules:,} rules; {manifest.unreadable:,} could not be read. Memory and network "
        "traffic were not looked at."
    )
    if not manifest.read:
        return cannot_tell("No file of this server could be read.")
    return answered("Yes", Certain.CONFIRMED, text)


def signs_found(host: Host, asking: Asking) -> Answer:
    """Tell whether anything was found; nothing found is no answer where little could be seen."""
    status, reason = host.verdict.status, sentence(host.verdict.reason)
    facts = (*campaigns_told(host), *unknown_told(host))
    if status is Status.COMPROMISED:
        return answered("Yes", inside(host), reason, of_findings(host, got_in(host)), facts)
    if status is Status.TARGETED:
        tried = [one for one in host.findings if one.stage]
        text = f"{reason} These are attempts; nothing proves that one of them worked."
        sure = host.verdict.certainty or Certainty.POSSIBLE
        return answered("Yes", sure, text, of_findings(host, tried), facts)
    if status is Status.NO_SIGN:
        return not_seen(reason, "No", facts)
    advice = (
        "If the form must have Yes or No, the honest No is: nothing was found in the evidence that "
        "is left, and that evidence could not have shown everything."
    )
    return cannot_tell(reason, (advice, *facts))


def malicious(host: Host, asking: Asking) -> Answer:
    """Tell whether somebody did it on purpose."""
    status, reason = host.verdict.status, sentence(host.verdict.reason)
    if status is Status.COMPROMISED:
        lines = of_findings(host, got_in(host))
        return answered("Yes", inside(host), reason, lines, campaigns_told(host))
    if status is Status.TARGETED:
        text = (
            f"{reason} Attempts are malicious; whether there was an incident is another question."
        )
        sure = host.verdict.certainty or Certainty.POSSIBLE
        return answered("Yes", sure, text, known=campaigns_told(host))
    if status is Status.NO_SIGN:
        return not_seen(reason)
    return cannot_tell(reason, unknown_told(host))


def campaign_signs(host: Host, asking: Asking) -> Answer:
    """Tell whether signs of certain campaigns, or their published indicators, were seen."""
    asked = asking.about("campaigns")
    found = [one for one in host.findings if one.campaign in asked and one.stage]
    names = [one for one in host.campaigns if one.campaign in asked]
    sighted = [
        one
        for one in host.sightings
        if any(one.indicator.campaign.lower().startswith(name) for name in asked)
    ]
    facts = [*map(_campaign, (one for one in names if one.stage))]
    facts += [sentence(one.text) for one in sighted]
    titles = listed(one.title for one in names) or listed(asked)
    if found or sighted:
        stage = max((one.stage for one in names if one.stage), key=lambda s: s.rank, default=None)
        text = f"Signs of {titles}: "
        text += "attempts; nothing proves that one worked." if stage is Stage.PROBED else (
            f"{count(len(found), 'kind of trace', 'kinds of traces')}, "
            f"{count(len(sighted), 'published indicator')}."
        )  # fmt: skip
        sure = max(
            (one.certainty for one in found), key=lambda c: c.rank, default=Certainty.POSSIBLE
        )
        return answered("Yes", sure, text, of_findings(host, found), bullets(facts))
    answers = [cve for one in names for cve in one.coverage]
    lost = [one for one in answers if one.answer is Absence.CANNOT_TELL]
    if lost or not answers:
        why = bullets([sentence(f"{one.cve}: {one.note}") for one in lost], 6)
        return cannot_tell(f"Nothing of {titles} was found, but it need not have shown.", why)
    return not_seen(f"Nothing of {titles} was found where it would show.", "No")


def sighted(host: Host, asking: Asking) -> Answer:
    """Tell whether indicators that others published are in the evidence."""
    found = sorted(host.sightings, key=lambda one: -one.level.rank)
    if not found:
        text = (
            "None of the indicators that come with extriage, or that the scan was given, is in the "
            "evidence. Give later ones to extriage indicators."
        )
        return cannot_tell(text)
    top = max(found, key=lambda one: one.level.rank).level
    sure = Certain.LIKELY if top.rank >= Level.HIGH.rank else Certain.POSSIBLE
    facts = bullets([sentence(one.text) for one in found])
    return answered("Yes", sure, count(len(found), "indicator"), known=facts)


def signs(host: Host, asking: Asking) -> Answer:
    """Tell whether techniques or ways back of certain kinds were seen, and if not, why."""
    found = by_technique(host, asking.about("attack"))
    ways = [one for one in host.persistence if one.kind in asking.about("ways")]
    ways = [one for one in ways if one.state is not Presence.ATTEMPTED]
    acted = _acted_as(host, asking.about("keys"))
    if not (found or ways or acted):
        return absent(host, asking.about("logs"))
    every = [*map(_sure, found), *(one.certainty for one in ways), *(sure for _, sure in acted)]
    sure = max(every, key=lambda one: one.rank)
    told = [*map(way_told, ways), *(text for text, _ in acted), *map(finding_told, found)]
    lines = of_ways(host, ways) if ways else of_findings(host, found)
    value = "Yes" if sure is not Certainty.POSSIBLE else "Perhaps"
    many = f"{count(len(told), 'sign')}, the surest {sure.value}."
    return answered(value, sure, many, lines, bullets(told))


def _acted_as(host: Host, kinds: Sequence[str]) -> list[tuple[str, Certainty]]:
    """Say as whom intruders acted; somebody else's name on their lines is likely at most."""
    return [
        (
            sentence(f"{one.id} acted with the {kind} {value} ({count(lines, 'line')})"),
            min(one.certainty, Certainty.LIKELY, key=lambda sure: sure.rank),
        )
        for one in host.intruders
        for kind, value, lines in one.keys
        if kind in kinds
    ]


def _sure(finding: Finding) -> Certainty:
    """Return how sure a finding is; one that claims no stage is possible at most."""
    return finding.certainty if finding.stage else Certainty.POSSIBLE


def finding_told(one: Finding) -> str:
    """Say in one sentence what a finding is."""
    times = count(one.count, "line")
    stage = f"{one.stage.value}, {one.certainty.value}" if one.stage else "a hint"
    return sentence(f"{one.title}: {stage}, {times}, {span(one.first, one.last)}")


def way_told(one: Persistence) -> str:
    """Say in one sentence what a way back is, whether it is there, since when and by whom."""
    kinds = persistence_kinds()
    title = kinds[one.kind].title if one.kind in kinds else one.kind
    parts = [one.state.value, one.certainty.value]
    parts += [f"since {when(one.first)}"] if one.first else []
    parts += [f"by {listed(one.by, 3)}"] if one.by else []
    return sentence(f"{title} {one.object}: {', '.join(parts)}. {one.state_note}")


def absent(host: Host, logs: Sequence[str]) -> Answer:
    """Say that nothing was found: not seen if one of the logs covers the time, else cannot tell."""
    needs = [[one.strip() for one in kind.split("+")] for kind in logs]
    facts = bullets([sentence(one) for one in reach(host, [one for each in needs for one in each])])
    found = [" + ".join(each) for each in needs if all(covers(host, one) for one in each)]
    if found:
        time = span(since(host), evidence_end(host))
        text = f"Nothing of it was found in the time that counts ({time}): "
        return not_seen(f"{text}{listed(map(describe, found))} cover it.", known=facts)
    return cannot_tell("Nothing of it was found, but no log that shows it covers the time.", facts)


def what_ran(host: Host, asking: Asking) -> Answer:
    """Say which of the intruders' code ran."""
    ran = [
        one for one in host.findings if one.stage in (Stage.EXECUTED, Stage.ACTED) and not one.raw
    ]
    if not ran:
        return absent(host, _RUN_LOGS)
    sure = max((one.certainty for one in ran), key=lambda c: c.rank)
    steps = [
        f"{step.time:%Y-%m-%d %H:%M:%S} UTC: {step.text}"
        for session in host.sessions
        if session.intruder
        for step in session.steps
        if step.done and step.stage in (Stage.EXECUTED, Stage.ACTED)
    ]
    facts = [*map(finding_told, sorted(ran, key=_furthest)), *steps]
    return answered(
        count(len(ran), "kind of trace", "kinds of traces"),
        *(sure, _RAN[sure], of_findings(host, ran), bullets(facts, 20)),
    )


def _furthest(one: Finding) -> tuple[int, int, str]:
    return (-(one.stage.rank if one.stage else 0), -one.certainty.rank, one.id)


def root_cause(host: Host, asking: Asking) -> Answer:
    """Say through which holes somebody got in, and how long they had been open."""
    if first_in(host) is None:
        return attacked(host, asking)
    seen = {cve.cve for one in host.campaigns for cve in one.coverage
            if cve.answer is Absence.SEEN and cve.stage is not Stage.PROBED}  # fmt: skip
    windows = [one for one in host.patch.advisories if one.cve in seen and one.window]
    facts = [*campaigns_told(host)]
    facts += [
        sentence(f"{one.cve} was open: {one.window['note']}") for one in windows if one.window
    ]
    value = f"Used: {listed(sorted(seen))}" if seen else "The way in is not known"
    text = "These holes answered, as far as the evidence tells." if seen else (
        "Something of an intruder is there; nothing proves how he came in."
    )  # fmt: skip
    sure = host.verdict.certainty if seen and host.verdict.certainty else Certainty.POSSIBLE
    return answered(value, sure, text, of_findings(host, got_in(host)), bullets(facts))


def story(host: Host, asking: Asking) -> Answer:
    """Tell what happened in order, from the timeline of the case."""
    told = ("attack", "persistence", "exposure", "antivirus", "patch")
    moments = [one for one in asking.case.timeline if one.host == host.name and one.source in told]
    known = [one for one in moments if one.source != "attack" or one.phase != "before"]
    if first_in(host) is None or not known:
        return attacked(host, asking)
    facts = [f"{one.time:%Y-%m-%d %H:%M:%S} UTC: {sentence(one.title)}" for one in known]
    text = f"{sentence(host.verdict.reason)} All of it: extriage timeline."
    sure = host.verdict.certainty or Certainty.POSSIBLE
    return answered(
        f"{count(len(known), 'moment')}, {span(known[0].time, known[-1].time)}",
        *(sure, text, of_findings(host, got_in(host)), bullets(facts, 40)),
    )


def severity(host: Host, asking: Asking) -> Answer:
    """Give what the case tells of severity; what failed and what it cost only people know."""
    verdict = host.verdict
    standing = f": {verdict.stage.value}" if verdict.stage else ""
    facts = [sentence(f"Verdict {verdict.status.value}{standing}. {verdict.reason}")]
    facts += _ransom(host.campaigns)
    there = [one for one in host.persistence if one.state in (Presence.PRESENT, Presence.UNKNOWN)]
    if there:
        facts.append(f"{count(len(there), 'way back', 'ways back')} in there or perhaps there.")
    states = [one.state.value for one in host.exposures if one.state.value != "attempted"]
    if states:
        parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
        facts.append(f"Ledger of data: {listed(parts)}.")
    return left_open(facts)


def _ransom(campaigns: Iterable[CampaignVerdict]) -> list[str]:
    seen = [one for one in campaigns if one.campaign == "ransomware" and one.stage]
    return [f"Signs of ransomware: {_campaign(one)}" for one in seen]
