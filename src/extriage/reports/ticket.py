"""A ticket: what somebody needs who was not there, short enough to paste into any system.

Markdown without tables, links and pictures; see `reports.prose` for how words of the evidence are
kept from becoming any. The worst servers are told whole while there is room (24,000 characters, so
that all of it fits below the 32,767 of Jira), all others get a line each.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from extriage.knowledge.exposures import exposure_kinds
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.case import Case
from extriage.model.exposure import Exposed, Shown
from extriage.model.host import Absence, AdvisoryState, Host, State, SupportState, When
from extriage.model.persistence import Persistence, Presence
from extriage.model.session import Intruder, Session
from extriage.reports.base import RenderOptions
from extriage.reports.filling import places_to_fill, recipe, spot
from extriage.reports.imprint import counted, handled, mark, tool
from extriage.reports.meanings import badness, means
from extriage.reports.proof import key_evidence
from extriage.reports.prose import code, fenced, prose

ROOM = 24_000
LISTED = 60
_INTRUDERS, _SESSIONS, _WAYS, _DATA, _STEPS, _GAPS, _LINES = 4, 2, 8, 8, 8, 6, 6
_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)
_SUPPORT = {
    SupportState.SUPPORTED: "supported",
    SupportState.PAID: "gets paid updates only",
    SupportState.UNSUPPORTED: "out of support",
    SupportState.UNKNOWN: "support not known",
}
_STATES = (Presence.PRESENT, Presence.UNKNOWN, Presence.REMOVED)


def render(case: Case, options: RenderOptions) -> str:
    """Return the ticket of a case, the worst server first."""
    hosts = sorted(case.hosts, key=badness)
    lines = [f"**{mark(options.tlp)}**", ""] if options.tlp else []
    lines += [f"# {_title(hosts)}", ""]
    if not hosts:
        lines += ["No Exchange server was found in this evidence.", ""]
    told, others = _fitting(hosts)
    for section in told:
        lines += section
    if others:
        lines += ["## More servers", "", *map(_line, others[:LISTED])]
        lines += _more(others, LISTED, "")
        lines.append("")
    if said := [f"- {label}: {prose(text)}" for label, text in handled(case)]:
        lines += [*said, ""]
    lines.append(
        f"Made by {prose(tool(case))}. Web addresses are broken with [:] so that nothing here can "
        "be clicked; the exact lines are in case.json."
    )
    return "\n".join(lines) + "\n"


def _title(hosts: Sequence[Host]) -> str:
    if not hosts:
        return "Exchange triage"
    first = f"Exchange triage: {code(hosts[0].name, 80)} {hosts[0].verdict.status.value}"
    return f"{first} and {counted(len(hosts) - 1, 'more server')}" if len(hosts) > 1 else first


def _fitting(hosts: Sequence[Host]) -> tuple[list[list[str]], Sequence[Host]]:
    """Return the sections of the worst servers that fit, and the servers that get a line each."""
    told: list[list[str]] = []
    used = 0
    for at, host in enumerate(hosts):
        section = [*_host(host), ""]
        used += sum(len(line) + 1 for line in section)
        if told and used > ROOM:
            return told, hosts[at:]
        told.append(section)
    return told, ()


def _host(host: Host) -> Iterator[str]:
    verdict = host.verdict
    standing = ", ".join(word.value for word in (verdict.stage, verdict.certainty) if word)
    yield f"## {code(host.name, 80)}"
    yield ""
    level = f" ({standing})" if standing else ""
    yield f"**Verdict: {verdict.status.value}**{level}. {means(host)}."
    yield ""
    yield f"Why: {prose(verdict.reason, 500)}"
    yield from _block("What happened", _happened(host))
    yield from _block("Ways back in", _ways(host))
    yield from _block("Data", _data(host))
    yield from _block("Do now", _steps(host))
    yield from _block("Patch", _patch(host))
    yield from _block("What could not be seen", _gaps(host))
    yield from _proof(host)


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    told = list(lines)
    if told:
        yield from ("", f"**{title}**", "", *told)


def _line(host: Host) -> str:
    verdict = host.verdict
    standing = ", ".join(word.value for word in (verdict.stage, verdict.certainty) if word)
    level = f" ({standing})" if standing else ""
    return f"- {code(host.name, 80)}: {verdict.status.value}{level}. {prose(verdict.reason, 120)}"


def _more(items: Sequence[object], most: int, what: str) -> list[str]:
    left = len(items) - most
    return [f"- and {left:,} more in case.json{f' ({what})' if what else ''}"] if left > 0 else []


def _happened(host: Host) -> Iterator[str]:
    sessions = {one.id: one for one in host.sessions}
    for one in host.intruders[:_INTRUDERS]:
        yield _intruder(one)
        his = [sessions[id] for id in one.sessions if id in sessions]
        shown = sorted(his, key=_weight)[:_SESSIONS]
        yield from map(_session, sorted(shown, key=lambda session: session.first))
    yield from _more(host.intruders, _INTRUDERS, "intruders")
    if host.strangers:
        yield f"- Strangers: {prose(host.strangers.text)}"


def _weight(session: Session) -> tuple[int, int, datetime]:
    return (-(session.stage.rank if session.stage else 0), -session.steps_total, session.first)


def _intruder(one: Intruder) -> str:
    number = one.id.rpartition("-")[2]
    return f"- Intruder {prose(number, 12)} ({one.stage.value}, {one.certainty.value}): " + prose(
        one.summary, 400
    )


def _session(one: Session) -> str:
    return f"  - {_minute(one.first)}: {prose(one.summary)}"


def _ways(host: Host) -> Iterator[str]:
    real = [way for state in _STATES for way in host.persistence if way.state is state]
    yield from map(_way, real[:_WAYS])
    yield from _more(real, _WAYS, "persistence")
    if tried := len(host.persistence) - len(real):
        yield f"- {counted(tried, 'attempt')} of which nothing shows that it worked"


def _way(way: Persistence) -> str:
    kinds = persistence_kinds()
    kind = kinds[way.kind].title if way.kind in kinds else way.kind
    since = f", since {_minute(way.first)}" if way.first else ""
    who = f", by {code(', '.join(way.by[:2]), 100)}" if way.by else ""
    name = code(way.object, 160)
    return f"- {way.state.value} ({way.certainty.value}): {prose(kind, 80)} {name}{since}{who}"


def _data(host: Host) -> Iterator[str]:
    kinds = exposure_kinds()
    real = [one for one in host.exposures if one.state is not Exposed.ATTEMPTED]
    for one in real[:_DATA]:
        kind = kinds[one.kind].title if one.kind in kinds else one.kind
        yield f"- {one.state.value} ({one.certainty.value}), {prose(kind, 80)}: {prose(one.text)}"
    yield from _more(real, _DATA, "exposures")
    for answer in (Shown.CANNOT_TELL, Shown.NOT_SHOWN):
        asked = [one for one in host.exposure_answers if one.answer is answer]
        if asked:
            named = prose(", ".join(one.title for one in asked), 300)
            yield f"- {answer.value.replace('-', ' ')}: {named}"


def _steps(host: Host) -> Iterator[str]:
    due = [one for one in host.actions if one.when is When.NOW]
    for one in due[:_STEPS]:
        yield f"- [ ] {prose(one.title, 160)}"
    yield from _more(due, _STEPS, "actions")
    later = len(host.actions) - len(due)
    if later:
        yield f"- {counted(later, 'step')} for later: `extriage report CASE --format plan`"


def _patch(host: Host) -> Iterator[str]:
    patch = host.patch
    if not patch.build:
        yield "- The build is not seen in this evidence."
        return
    release = " ".join(filter(None, ("Exchange", patch.product, patch.cu, patch.su)))
    yield f"- Build {code(patch.build, 40)} ({prose(release, 80)}), {_SUPPORT[patch.support.state]}"
    still = [row for row in patch.advisories if row.state in _OPEN]
    used = [row for row in still if row.kev or row.window]
    yield f"- Open: {counted(len(still), 'known hole')}, {len(used):,} of them used by attackers"
    windows = [row for row in patch.advisories if row.window]
    if windows:
        yield f"- Longest open: {_window(max(windows, key=_days))}"


def _days(row: AdvisoryState) -> int:
    return row.window["days"] if row.window else 0


def _window(row: AdvisoryState) -> str:
    window = row.window
    if window is None:
        return ""
    end = "to" if window["closed"] else "and still on"
    most = "" if window["proved"] else "at most "
    span = f"{window['from']:%Y-%m-%d} {end} {window['to']:%Y-%m-%d}"
    return f"{prose(row.cve, 20)}, {span} ({most}{counted(window['days'], 'day')})"


def _gaps(host: Host) -> Iterator[str]:
    answers = (cve for campaign in host.campaigns for cve in campaign.coverage)
    unsure = [cve for cve in answers if cve.answer is Absence.CANNOT_TELL]
    unsure.sort(key=lambda cve: not cve.weighs)
    for cve in unsure[:_GAPS]:
        why = prose(cve.note or "the evidence that would show it is missing")
        yield f"- cannot tell: {prose(cve.cve, 20)}: {why}"
    yield from _more(unsure, _GAPS, "campaigns")
    silent = [row for row in host.coverage if row.gaps]
    for row in silent[:_GAPS]:
        longest = max(row.gaps, key=lambda gap: gap["to"] - gap["from"])
        span = f"{_minute(longest['from'])} to {_minute(longest['to'])}"
        yield f"- silent: {code(row.kind, 80)}, {counted(len(row.gaps), 'gap')}, longest {span}"
    yield from _more(silent, _GAPS, "coverage")
    unread = sum(row.unreadable for row in host.coverage)
    if unread:
        yield f"- {counted(unread, 'file')} could not be read"
    if found := places_to_fill(host):
        named = ", ".join(code(spot(place), 120) for place in found[:_GAPS])
        left = f" and {len(found) - _GAPS} more" if len(found) > _GAPS else ""
        yield f"- to be collected in addition: {named}{left}; {code(recipe(found), 600)}"


def _proof(host: Host) -> Iterator[str]:
    chosen = key_evidence(host, _LINES)
    if not chosen:
        return
    total = sum(finding.count for finding in host.findings)
    yield from ("", f"**Proof: {len(chosen)} of {counted(total, 'line')}**", "")
    lines: list[str] = []
    for finding, line in chosen:
        stage = finding.stage.value if finding.stage else "hint"
        time = _second(line.time) if line.time else "no time"
        lines += [f"{time} {stage}: {finding.title}", f"  {line.path}:{line.line}"]
        lines.append(f"  {line.summary or line.text}")
    yield from fenced(lines)


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _second(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
