"""Checks that stand beside Microsoft's tools: our rules' own, never said to be the tools' own."""

from dataclasses import replace

from extriage.analysis.answers.asking import Asking, answered, cannot_tell, left_open, not_seen
from extriage.analysis.answers.attacked import finding_told
from extriage.analysis.answers.looking import reach
from extriage.analysis.answers.proving import of_findings
from extriage.analysis.answers.saying import bullets, count, listed, sentence
from extriage.knowledge.evidence import describe
from extriage.model.answer import Answer, Certain
from extriage.model.detection import Certainty
from extriage.model.host import Absence, CveVerdict, Host, LogCoverage

_SCAN_LOG = "msert.log"
_NEVER = (Absence.NOT_APPLICABLE, Absence.NOT_YET)


def check(host: Host, asking: Asking) -> Answer:
    """Answer one check by the rules that look for the same thing in the same evidence."""
    rules = asking.about("rules")
    found = [one for one in host.findings if one.rule in rules and not one.raw]
    also = [one for one in host.findings if one.rule in asking.about("also") and not one.raw]
    facts = [*map(finding_told, found)]
    facts += [f"Seen besides, and left out by the script: {finding_told(one)}" for one in also]
    facts += [sentence(one) for one in reach(host, asking.about("logs"))]
    if found:
        sure = max((one.certainty if one.stage else Certainty.POSSIBLE for one in found),
                   key=lambda c: c.rank)  # fmt: skip
        text = f"Equivalent check by extriage: {count(sum(f.count for f in found), 'line')} found."
        return answered("Found", sure, text, of_findings(host, found), bullets(facts))
    return _nothing(host, asking, tuple(facts))


def _nothing(host: Host, asking: Asking, facts: tuple[str, ...]) -> Answer:
    cves = [
        cve for one in host.campaigns for cve in one.coverage if cve.cve in asking.about("cves")
    ]
    if cves and all(one.answer in _NEVER for one in cves):
        why = sentence(cves[0].note or cves[0].answer.value.replace("-", " "))
        return answered("Not applicable", Certain.CONFIRMED, why, known=facts)
    logs = asking.about("logs")
    if any(_covered(one, logs) for one in cves):
        return not_seen("Equivalent check by extriage: nothing found, and the log covers the time.",
                        known=facts)  # fmt: skip
    there = [row for row in host.coverage if row.kind in logs and row.records]
    if not there:
        return cannot_tell(f"Not in the evidence: {listed(describe(one) for one in logs)}.", facts)
    if not cves:
        return not_seen(
            "Equivalent check by extriage: nothing found in what is there.", known=facts
        )
    why = listed(row.note for one in cves for row in one.logs if _about(row, logs) and row.note)
    text = "Equivalent check by extriage: nothing found, but the log does not cover the time"
    return cannot_tell(sentence(f"{text}: {why}" if why else text), facts)


def _about(row: LogCoverage, logs: tuple[str, ...]) -> bool:
    """Tell whether a row is about one of the logs, or about all logs of its kind."""
    parts = {one.strip() for one in row.kind.split("+")}
    return bool(parts & {*logs, *(one.partition(":")[0] for one in logs if "events:" not in one)})


def _covered(cve: CveVerdict, logs: tuple[str, ...]) -> bool:
    return any(row.covered and _about(row, logs) for row in cve.logs)


def test_proxylogon(host: Host, asking: Asking) -> Answer:
    """Say what the equivalent checks gave; whether the script was run only people know."""
    checks = [one for one in asking.form.questions if one.ask == "check"]
    answers = [check(host, replace(asking, details=one.details)) for one in checks]
    found = [one for one in answers if one.value == "Found"]
    lost = [one for one in answers if one.certainty is Certain.CANNOT_TELL]
    facts = [
        "extriage did not run the script.",
        f"Its {len(answers)} equivalent checks: {len(found)} found something, {len(lost)} could "
        f"not be answered, {len(answers) - len(found) - len(lost)} found nothing.",
    ]
    if found:
        facts.append("If the script is run, expect: Yes (indications of compromise found).")
    elif lost:
        facts.append("This is no ground for: Yes (no indications of compromise found).")
    return left_open(facts)


def msert(host: Host, asking: Asking) -> Answer:
    """Say what a log of the Microsoft Safety Scanner tells, if the evidence has one."""
    logs = [
        one.path
        for one in (*host.manifest.entries, *asking.case.unassigned)
        if one.path.lower().endswith(_SCAN_LOG)
    ]
    if not logs:
        return left_open([
            "The evidence has no msert.log (%SystemRoot%\\debug); nothing tells whether MSERT ran.",
        ])  # fmt: skip
    named = [one for one in host.findings if any(line.path in logs for line in one.evidence)]
    facts = [f"The evidence has {listed(logs)}."]
    facts += map(finding_told, named)
    facts += [] if named else ["No rule met a line of it: read it for “Full Scan” and its result."]
    facts.append("Whether it was a full scan, and of this server, must be read in the log itself.")
    return left_open(bullets(facts), of_findings(host, named))
