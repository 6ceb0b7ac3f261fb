"""Is it updated, and supported, and when was it open? As far as the evidence shows the server."""

from collections.abc import Iterable
from datetime import date

from extriage.analysis.answers.asking import Asking, answered, cannot_tell, left_open
from extriage.analysis.answers.inventory import product
from extriage.analysis.answers.looking import is_exchange
from extriage.analysis.answers.proving import of_proofs
from extriage.analysis.answers.saying import bullets, count, listed, name_of, sentence, span
from extriage.knowledge.builds import build_table
from extriage.model.answer import Answer, Certain
from extriage.model.host import AdvisoryState, Host, State, SupportState
from extriage.model.state import Answer as Checked

_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)
_HYBRID = "HYBRIDAPP"


def updated(host: Host, asking: Asking) -> Answer:
    """Tell whether the build has the fixes of certain vulnerabilities, and when it had not."""
    if not host.patch.build:
        return cannot_tell("No evidence names the build of Exchange, so nobody can tell.")
    rows = _rows(host, asking.about("cves"))
    facts, seen = bullets([_told(one) for one in rows]), _seen_last(host)
    if not (host.patch.product and host.patch.advisories):
        return cannot_tell(f"{seen}, which is no release that is known here.")
    missing = [one.cve for one in rows if one.state in _OPEN]
    if missing:
        if early := _too_early(host, missing):
            return cannot_tell(f"{seen}. {early}", facts)
        text = f"{seen}; without the fix of {listed(missing)}."
        return answered("No", _sure(host), text, known=facts)
    if any(one.state is State.CANNOT_TELL for one in rows):
        return cannot_tell(f"{seen}, which does not tell whether the fix is in it.", facts)
    if not rows:
        return answered("Yes", _sure(host), f"{seen}; these holes never concerned it.")
    return answered("Yes", _sure(host), f"{seen}, which has the fixes.", known=facts)


def _last_seen(host: Host) -> date | None:
    """Return the last day on which the evidence shows the build."""
    own = [one for one in host.patch.sources if one.build == host.patch.build]
    return max((one.last.date() for one in own if one.last), default=None)


def _seen_last(host: Host) -> str:
    day = _last_seen(host)
    return f"Seen last{f' on {day}' if day else ''}: {product(host)}"


def _too_early(host: Host, cves: Iterable[str]) -> str:
    """Say that the evidence ends before the update could be had; empty if it does not."""
    day, table = _last_seen(host), build_table()
    fixes = [fix for cve in cves for fix in table.fixes_of(cve, host.patch.product)]
    days = [fix.available_from for fix in fixes if fix.available_from]
    if day is None or not days or day.isoformat() >= min(days):
        return ""
    return (
        f"The evidence shows the server only up to {day}, before the update could be had "
        f"({min(days)}): look at the server of today."
    )


def _rows(host: Host, cves: Iterable[str]) -> list[AdvisoryState]:
    asked = set(cves)
    return [one for one in host.patch.advisories if one.cve in asked]


def _sure(host: Host) -> Certain:
    return Certain.LIKELY if host.patch.conflicts else Certain.CONFIRMED


def _told(one: AdvisoryState) -> str:
    """Say the state of one vulnerability, and its window."""
    text = f"{one.cve}: {one.state.value}{f' ({one.note})' if one.note else ''}"
    if one.window:
        proved = "open" if one.window["proved"] else "at the longest open"
        days = count(one.window["days"], "day")
        text += f"; {proved} {span(one.window['from'], one.window['to'])} ({days})"
        text += "" if one.window["closed"] else ", and still open when the evidence ends"
    return sentence(text)


def eligible(host: Host, asking: Asking) -> Answer:
    """Tell whether a fix was made for the cumulative update that the server runs."""
    patch = host.patch
    if not patch.build or not patch.product:
        return cannot_tell("No evidence names the build of Exchange, so nobody can tell.")
    seen, rows = _seen_last(host), _rows(host, asking.about("cves"))
    if patch.product not in asking.about("products"):
        return answered("No", _sure(host), f"{seen}; no fix was made for this product.")
    if any(one.state is State.CANNOT_TELL for one in rows):
        return cannot_tell(f"{seen}, which does not tell.", bullets([_told(one) for one in rows]))
    without = [one for one in rows if one.state in (State.OPEN_NO_PACKAGE, State.UNSUPPORTED)]
    if not without:
        return answered("Yes", _sure(host), f"{seen}.")
    if early := _too_early(host, (one.cve for one in without)):
        return cannot_tell(f"{seen}. {early}", bullets([_told(one) for one in without]))
    why = listed(one.note or one.state.value for one in without)
    return answered("No", _sure(host), sentence(f"{seen}; {why}"))


def versions_supported(host: Host, asking: Asking) -> Answer:
    """Tell whether the maker still supports this version of Exchange."""
    support = host.patch.support
    as_of = f"as of {asking.case.tool.knowledge_as_of}"
    if not host.patch.build or support.state is SupportState.UNKNOWN:
        return cannot_tell("No evidence names the build of Exchange, so nobody can tell.")
    text = sentence(f"{product(host)}, {as_of}: {support.note}")
    if support.state is SupportState.UNSUPPORTED:
        return answered("No", _sure(host), text)
    if support.state is SupportState.PAID:
        return left_open([text, "Yes only if you pay for updates, and run what they are made for."])
    return answered("Yes", _sure(host), f"{text} This is about Exchange only.")


def updates_deployed(host: Host, asking: Asking) -> Answer:
    """Tell whether known holes of Exchange stand open; the rest of the machine is not looked at."""
    patch = host.patch
    if not patch.build:
        return cannot_tell("No evidence names the build of Exchange, so nobody can tell.")
    missing = [one for one in patch.advisories if one.state in _OPEN]
    used = [one.cve for one in missing if one.exploited_since or one.kev]
    if missing:
        text = f"{product(host)} lacks the fixes of {count(len(missing), 'known hole')}"
        text += f", {len(used)} of them used by attackers: {listed(used, 5)}" if used else ""
        as_of = asking.case.tool.knowledge_as_of
        return answered("No", _sure(host), f"{text} (knowledge as of {as_of}).")
    return left_open(
        [
            f"{product(host)}: no known hole of Exchange is seen to be open.",
            "Windows, .NET, firmware and all other software must be looked up.",
        ]
    )


def open_windows(host: Host, asking: Asking) -> Answer:
    """Say which holes that attackers use were open, from when to when, and which still are."""
    if not host.patch.build:
        return cannot_tell(
            "No evidence names a build, so nobody can tell when which hole was open."
        )
    used = [one for one in host.patch.advisories if one.window]
    still = [one for one in used if one.state in _OPEN]
    order = sorted(used, key=lambda one: (one.state not in _OPEN, not _proved(one), one.cve))
    if not used:
        text = "No hole that attackers are known to use was open while the evidence lasts."
        return answered("None", _sure(host), text)
    sure = Certain.CONFIRMED if all(map(_proved, used)) else Certain.LIKELY
    value = f"{count(len(still), 'hole')} still open, {len(used) - len(still)} closed"
    text = (
        "Known to be used by attackers. Where no build is seen before, the time is the longest "
        "that it can have been."
    )
    return answered(value, sure, text, known=bullets([_told(one) for one in order], 20))


def _proved(one: AdvisoryState) -> bool:
    return bool(one.window and one.window["proved"])


def hybrid_application(host: Host, asking: Asking) -> Answer:
    """Tell whether the server uses a hybrid application of the organisation's own."""
    check = next((one for one in host.patch.checks if one.id == _HYBRID), None)
    if check is None or check.answer is Checked.CANNOT_TELL:
        note = check.note if check else "Get-AuthServer and Get-HybridConfiguration would tell"
        found = cannot_tell(sentence(note))
        return found if check is None else answered("", Certain.CANNOT_TELL, found.text,
                                                    of_proofs(host, check.proofs))  # fmt: skip
    words = {Checked.PASSED: "Yes", Checked.FAILED: "No"}
    value = words.get(check.answer, "Not a hybrid organisation")
    return answered(value, Certain.LIKELY, sentence(check.note), of_proofs(host, check.proofs))


def hybrid_traces(host: Host, asking: Asking) -> Answer:
    """Say what the server tells of a hybrid organisation."""
    check = next((one for one in host.patch.checks if one.id == _HYBRID), None)
    facts = [sentence(check.note)] if check else []
    facts += [sentence(one.title) for one in host.findings if one.campaign == "cve-2025-53786"]
    return left_open(bullets(facts) or ["The evidence says nothing of it."])


def servers_updated(asking: Asking) -> Answer:
    """Count the servers whose build has the fixes."""
    found = _by_answer(asking)
    done, unknown = found["Yes"], found[""]
    if not any(found.values()):
        return cannot_tell("No evidence in this case shows an Exchange server.")
    text = f"In this case: {listed(done) or 'none'}."
    if unknown:
        text += f" Of {listed(unknown)} nobody can tell."
    sure = Certain.POSSIBLE if unknown else Certain.CONFIRMED
    return answered(str(len(done)), sure, text)


def servers_not_updated(asking: Asking) -> Answer:
    """Name the servers that must be justified."""
    found = _by_answer(asking)
    facts = [f"Without the fix: {listed(found['No'])}."] if found["No"] else []
    facts += [f"Not known: {listed(found[''])}."] if found[""] else []
    return left_open(facts or ["No server of this case is seen without the fix."])


def _by_answer(asking: Asking) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"Yes": [], "No": [], "": []}
    for host in asking.case.hosts:
        if is_exchange(host):
            found[updated(host, asking).value].append(name_of(host))
    return found
