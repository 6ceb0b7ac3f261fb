"""What is said of the whole case: measures, indicators, who it was, how it was found."""

from collections import Counter

from extriage.analysis.answers.asking import Asking, answered, cannot_tell, not_seen
from extriage.analysis.answers.looking import first_in, last_sign
from extriage.analysis.answers.saying import bullets, count, listed, name_of, sentence, span, when
from extriage.model.answer import Answer, Certain
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed
from extriage.model.host import When

_DUE = {
    When.NOW: "now",
    When.THIS_WEEK: "this week",
    When.BEFORE_RECONNECTING: "before the server goes back",
    When.AFTERWARDS: "afterwards",
}


def measures(asking: Asking) -> Answer:
    """List the steps that this case calls for; none of them is known to be done."""
    steps = [
        (one.when, one.title)
        for host in asking.case.hosts
        for one in host.actions
        if "/" not in one.id
    ]
    if not steps:
        return not_seen("Nothing that was found calls for a step.", "No step")
    many = Counter(when for when, _ in dict.fromkeys(steps))
    value = ", ".join(f"{many[when]:,} {word}" for when, word in _DUE.items() if many[when])
    facts = [
        f"{_DUE[due].capitalize()}: {title}" for due in _DUE for when, title in steps if when is due
    ]
    text = (
        "Called for by what was found, in this order; the evidence does not tell which of them are "
        "done. Reasons, commands and checks: extriage report --format plan."
    )
    return answered(f"Steps: {value}", Certain.CONFIRMED, text, known=bullets(facts, 40))


def indicators(asking: Asking) -> Answer:
    """List the indicators that this case gave, the surest first."""
    found = sorted(asking.case.indicators, key=lambda one: -one.certainty.rank)
    if not found:
        return cannot_tell("This case gave no indicators.")
    sure = found[0].certainty
    facts = [
        f"{one.type} {one.value} ({one.certainty.value}): {sentence(one.because)}" for one in found
    ]
    text = "An address alone says little: others may have used it too."
    return answered(count(len(found), "indicator"), sure, text, known=bullets(facts, 40))


def who_they_are(asking: Asking) -> Answer:
    """Say how many intruders and clusters there are, and what they are like."""
    many = sum(len(host.intruders) for host in asking.case.hosts)
    clusters = asking.case.clusters
    if not many:
        inside = any(first_in(host) for host in asking.case.hosts)
        text = "No intruder could be told apart."
        return cannot_tell(text) if inside or not _all_quiet(asking) else not_seen(text)
    facts = [f"{one.name}: {sentence(one.text)}" for one in clusters]
    facts += [sentence(row.text) for one in clusters for row in one.resembles]
    facts += [f"{name_of(host)}, {one.id}: {sentence(one.summary)}"
              for host in asking.case.hosts for one in host.intruders]  # fmt: skip
    value = f"{count(many, 'intruder')}, {count(len(clusters), 'cluster')}"
    text = "Likeness to what was published is counted; it is no statement about who did it."
    sure = max((one.certainty for host in asking.case.hosts for one in host.intruders),
               key=lambda c: c.rank)  # fmt: skip
    return answered(value, sure, text, known=bullets(facts, 20))


def _all_quiet(asking: Asking) -> bool:
    return bool(asking.case.hosts) and all(
        host.verdict.status.value == "no-sign" for host in asking.case.hosts
    )


def first_alert(asking: Asking) -> Answer:
    """Say when a protection programme first said something, and when somebody first got in."""
    alerts = [one for one in asking.case.timeline if one.source == "antivirus"]
    starts = [time for host in asking.case.hosts if (time := first_in(host))]
    facts = [f"First sign that somebody got in: {when(min(starts))}."] if starts else []
    if alerts:
        first = min(alerts, key=lambda one: one.time)
        text = f"A protection programme said so first: {sentence(first.title)}"
        return answered(when(first.time), Certain.CONFIRMED, text, known=facts)
    text = "The evidence holds no alert of a protection programme about it."
    return cannot_tell(f"{text} Ask those who watch the alarms.", facts)


def record(asking: Asking) -> Answer:
    """Give the facts, effects and steps for the record that is kept in any case."""
    facts: list[str] = []
    for host in asking.case.hosts:
        verdict, start = host.verdict, first_in(host)
        facts.append(f"{name_of(host)}: {sentence(f'{verdict.status.value}. {verdict.reason}')}")
        facts += (
            [f"{name_of(host)}: signs of somebody inside {span(start, last_sign(host))}."]
            if start
            else []
        )
        real = [one.state.value for one in host.exposures if one.state is not Exposed.ATTEMPTED]
        each = [f"{many} {state}" for state, many in Counter(real).items()]
        facts += [f"{name_of(host)}: ledger of data: {listed(each)}."] if each else []
    sha256 = asking.circumstances.case_sha256
    text = "The case folder and the kept versions of these answers are part of the record."
    text += f" SHA-256 of case.json: {sha256}." if sha256 else ""
    if not facts:
        return cannot_tell("No Exchange server was found in this evidence.")
    return answered(count(len(asking.case.hosts), "server"), Certain.CONFIRMED, text,
                    known=bullets(facts, 40))  # fmt: skip


def method(asking: Asking) -> Answer:
    """Say how it was found, so that somebody else can repeat it."""
    tool = asking.case.tool
    seen = sum(host.manifest.seen for host in asking.case.hosts)
    read = sum(host.manifest.read for host in asking.case.hosts)
    facts = [
        f"extriage {tool.version}, {tool.rules:,} rules, knowledge as of {tool.knowledge_as_of}, "
        f"content SHA-256 {tool.content_sha256}.",
        f"{read:,} of {seen:,} files were read; the case's manifest has each with its SHA-256.",
        f"{count(len(tool.refused_rules), 'rule')} could not run; the case names them.",
    ]
    text = (
        "The evidence was only read. The same evidence and the same versions give the same case, "
        "byte for byte, so anybody who has both can repeat it."
    )
    return answered("Offline analysis of logs and files", Certainty.CONFIRMED, text, known=facts)
