"""What was there to be looked at, what was not, and whether that matters."""

from extriage.analysis.answers.asking import Asking, answered, cannot_tell, left_open
from extriage.analysis.answers.attacked import finding_told
from extriage.analysis.answers.looking import by_technique, evidence_end, reach, rows_of, unseen
from extriage.analysis.answers.proving import of_findings
from extriage.analysis.answers.saying import bullets, count, listed, name_of, sentence, when
from extriage.knowledge.evidence import describe
from extriage.model.answer import Answer, Certain
from extriage.model.evidence import Entry
from extriage.model.exposure import ExposureAnswer, Shown
from extriage.model.host import Host, Status

_WEB = ("iis", "iis-native", "httpproxy", "httperr")
_HIVES = ("registry-hive",)
_DEFENDER = "events:Microsoft-Windows-Windows Defender/Operational"
_LOGS = ("iis", "httpproxy", "ecp-server", "events:Application", "events:Security",
         "events:MSExchange Management")  # fmt: skip


def collected(host: Host, asking: Asking) -> Answer:
    """Say which of the kinds of evidence that are asked for the case holds."""
    kinds = {entry.kind for entry in host.manifest.entries if entry.status in ("read", "partial")}
    kinds |= {row.kind for row in host.coverage if row.records}
    events = sorted(one for one in kinds if one.startswith("events"))
    facts = [
        _held("Web logs", [describe(one) for one in _WEB if one in kinds]),
        _held("Windows event logs", [describe(one) for one in events if ":" in one] or events),
        _held("Registry hives", [describe(one) for one in _HIVES if one in kinds]),
        "System memory: not read by extriage.",
    ]
    return left_open(facts)


def _held(name: str, found: list[str]) -> str:
    return (
        f"{name}: {listed(found, 6)}." if found else f"{name}: none in the evidence of this server."
    )


def analysed(host: Host, asking: Asking) -> Answer:
    """Say what part of an analysis the scan was."""
    manifest = host.manifest
    return left_open([
        f"This case is an analysis of {count(manifest.read, 'file')} of this server for signs of "
        f"AA21-062A and of later campaigns; {len(host.sightings):,} published indicators were "
        "sighted.",
        "Memory, network traffic and other systems are not in it.",
    ])  # fmt: skip


def log_reach(host: Host, asking: Asking) -> Answer:
    """Say how far the server's own logs reach back."""
    facts = [sentence(one) for one in reach(host, _LOGS)]
    rows = [row for row in rows_of(host, _LOGS) if row.first and row.last]
    days = max(((row.last - row.first).days for row in rows if row.first and row.last), default=0)
    if rows:
        facts.insert(0, f"The longest of its own logs spans {count(days, 'day')} of the 180.")
    return left_open(bullets(facts))


def protection_seen(host: Host, asking: Asking) -> Answer:
    """Say what the evidence tells of the protection programme."""
    facts = [sentence(one) for one in reach(host, (_DEFENDER,))]
    found = by_technique(host, ("T1562.001",))
    facts += map(finding_told, found)
    return left_open(bullets(facts), of_findings(host, found))


def limits(asking: Asking) -> Answer:
    """Say which evidence is missing, and whether it could change the verdict of any server."""
    hosts = asking.case.hosts
    if not hosts:
        return cannot_tell("No Exchange server was found in this evidence.")
    lost = [(host, one) for host in hosts for one in unseen(host)]
    open_ended = lost or any(_blind(host) or _broken(host) for host in hosts)
    several = len(hosts) > 1
    matters = [(f"{name_of(host)}: " if several else "") + _matters(host) for host in hosts]
    facts = [
        (f"{name_of(host)}: " if several else "") + fact for host in hosts for fact in _facts(host)
    ]
    refused = asking.case.tool.refused_rules
    facts += [f"{count(len(refused), 'rule')} could not run; see the case."] if refused else []
    value = count(len(lost), "question about a hole", "questions about holes") + " left open"
    sure = Certain.CANNOT_TELL if open_ended else Certain.CONFIRMED
    return answered(value, sure, " ".join(matters), known=bullets(facts, 20 * len(hosts)))


def _blind(host: Host) -> list[ExposureAnswer]:
    return [one for one in host.exposure_answers if one.answer is Shown.CANNOT_TELL]


def _broken(host: Host) -> list[Entry]:
    return [one for one in host.manifest.entries if one.status in ("partial", "unreadable")]


def _facts(host: Host) -> list[str]:
    """Say what one server's evidence lacks, and what was left out of it on purpose."""
    facts = [sentence(f"Cannot tell {one.cve}: {one.note}") for one in unseen(host)]
    if blind := _blind(host):
        facts.append(f"Cannot tell about data: {listed(one.title.lower() for one in blind)}.")
    facts += [sentence(f"Not wholly read: {one.path}, {one.reason}") for one in _broken(host)]
    facts += [_left_out(host)] if host.suppressed else []
    facts += [sentence(one) for one in host.notes]
    end = evidence_end(host)
    facts += (
        [f"The evidence ends on {when(end)}; nothing is known of the time since."] if end else []
    )
    return facts


def _left_out(host: Host) -> str:
    """Say what suppress files took away: an answer of `not-seen` does not speak of it."""
    lines = sum(one.count for one in host.suppressed)
    rules = listed(dict.fromkeys(one.title for one in host.suppressed), 4)
    return sentence(
        f"Suppress files left out {count(lines, 'line')}, which no answer here speaks of: {rules}"
    )


def _matters(host: Host) -> str:
    status = host.verdict.status
    if status is Status.COMPROMISED:
        return "The verdict stands whatever is missing; there may have been more than was seen."
    if status is Status.CANNOT_TELL:
        return "There is too little evidence for a verdict."
    if not unseen(host):
        return "No log that the verdict rests on is missing."
    return (
        "Missing logs could change the verdict: an attack may have worked and left no trace here."
    )
