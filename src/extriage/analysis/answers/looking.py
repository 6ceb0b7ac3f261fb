"""What a server's evidence holds: when it ends, when somebody got in, which logs cover the time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from extriage.knowledge.clusterfeatures import is_inner
from extriage.knowledge.evidence import describe
from extriage.model.detection import Certainty, Finding, Level, Stage
from extriage.model.host import Absence, Coverage, CveVerdict, Host, Status

EXCHANGE_LOGS = frozenset(
    {
        *("httpproxy", "ecp-server", "ecp-activity", "oab-generator", "ews", "rps-http"),
        *("rps-cmdlet", "message-tracking", "smtp", "events:MSExchange Management"),
    }
)
"""Logs that only a server with Exchange writes."""
_LEAST = timedelta(days=1)
_SILENT = timedelta(days=2)
"""After so long without a record at its end, a log does not reach to the end of the evidence."""
WEB_LOGS = ("httpproxy", "iis", "iis-native")


def is_exchange(host: Host) -> bool:
    """Tell whether the evidence shows that the server runs Exchange."""
    logs = any(row.kind in EXCHANGE_LOGS and row.records for row in host.coverage)
    return bool(host.patch.build or logs)


def rows_of(host: Host, kinds: Iterable[str]) -> list[Coverage]:
    """Return the coverage of logs that have records."""
    asked = set(kinds)
    return [row for row in host.coverage if row.kind in asked and row.records]


def evidence_end(host: Host) -> datetime | None:
    """Return the time of the last record of all logs."""
    return max((row.last for row in host.coverage if row.last), default=None)


def got_in(host: Host) -> list[Finding]:
    """Return the findings that prove more than a try."""
    return [
        one
        for one in host.findings
        if one.stage and one.stage.rank >= Stage.REACHED.rank and not one.raw
    ]


def first_in(host: Host) -> datetime | None:
    """Return the first sign that somebody got in; None if nothing proves that anybody did."""
    if host.verdict.status is not Status.COMPROMISED:
        return None
    found = got_in(host)
    surer = [one for one in found if one.certainty is not Certainty.POSSIBLE]
    return min((one.first for one in surer or found if one.first), default=None)


def first_try(host: Host) -> datetime | None:
    """Return the first line that shows an attempt, scanners' included."""
    return min((one.first for one in host.findings if one.stage and one.first), default=None)


def last_sign(host: Host) -> datetime | None:
    """Return the last line of a finding that proves a stage, or of an intruder's session."""
    times = [one.last for one in got_in(host) if one.last]
    times += [one.last for one in host.sessions if one.intruder]
    return max(times, default=None)


def since(host: Host) -> datetime | None:
    """Return from when on something could have happened: the break-in, else the first open hole."""
    starts = [cve.window["from"] for cve in open_questions(host) if cve.window]
    return first_in(host) or min(starts, default=None)


def open_questions(host: Host) -> list[CveVerdict]:
    """Return what was answered of vulnerabilities that concern this server."""
    shown = (Absence.SEEN, Absence.NOT_SEEN, Absence.CANNOT_TELL)
    return [cve for one in host.campaigns for cve in one.coverage if cve.answer in shown]


def unseen(host: Host) -> list[CveVerdict]:
    """Return the vulnerabilities of which nobody can tell whether they were used."""
    return [cve for cve in open_questions(host) if cve.answer is Absence.CANNOT_TELL and cve.weighs]


def covers(host: Host, kind: str) -> bool:
    """Tell whether a log has records of all the time in which something could have happened.

    A day of it at the least must be in the evidence: a minute after a break-in shows nothing.
    """
    start, end = since(host), evidence_end(host)
    found = rows_of(host, (kind,))
    if not found or start is None or end is None or end - start < _LEAST:
        return False
    row = found[0]
    if row.first is None or row.last is None:
        return True
    gaps = any(gap["to"] > start for gap in row.gaps)
    return row.first <= start and end - row.last <= _SILENT and not gaps


def reach(host: Host, kinds: Iterable[str]) -> tuple[str, ...]:
    """Say of each log from when to when it has records, or that there is none."""
    return tuple(_reach(host, kind) for kind in kinds)


def _reach(host: Host, kind: str) -> str:
    found = rows_of(host, (kind,))
    name = describe(kind)
    if not found:
        return f"no {name} in the evidence"
    first, last = found[0].first, found[0].last
    if first is None or last is None:
        return f"{name}: {found[0].records:,} in the evidence"
    gaps = f", {len(found[0].gaps)} gaps" if found[0].gaps else ""
    return f"{name}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC{gaps}"


def outside_addresses(host: Host) -> tuple[str, ...]:
    """Return the addresses outside of inner networks that the findings and sessions name."""
    found = [
        value
        for finding in host.findings
        for line in finding.evidence
        for name, value in line.keys
        if name == "address"
    ]
    found += [one for session in host.sessions for one in session.addresses]
    found += [one for one, _ in (host.strangers.busiest if host.strangers else ())]
    found += [value for one in host.intruders for name, value, _ in one.keys if name == "address"]
    return tuple(sorted({one for one in found if not is_inner(one)}))


def by_technique(host: Host, techniques: Iterable[str]) -> list[Finding]:
    """Return findings of ATT&CK techniques, sub-techniques too, that are worth a look."""
    asked = tuple(techniques)
    return [
        one
        for one in host.findings
        if not one.raw
        and one.level.rank >= Level.MEDIUM.rank
        and any(own == name or own.startswith(f"{name}.") for own in one.attack for name in asked)
    ]
