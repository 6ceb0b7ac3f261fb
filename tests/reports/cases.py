"""Cases made by hand, for every test that needs one: `case(status=Status.TARGETED)`.

The server is the same each time (Exchange 2016 CU19 in March 2021); what was found and what could
be seen differs with the status. `flooded(case, payload)` puts one text into every field of a case
that holds text, as hostile evidence and hostile rules would.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar, cast

from robbed import robbed
from ways import ways

from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.detection import About, Certainty, Evidence, Finding, Level, RefusedRule, Stage
from extriage.model.evidence import BuildSeen, Entry, Period
from extriage.model.host import (
    Absence,
    Action,
    AdvisoryState,
    CampaignVerdict,
    Chain,
    Coverage,
    CveVerdict,
    Host,
    LogCoverage,
    Manifest,
    Patch,
    State,
    Status,
    Step,
    Verdict,
)
from extriage.model.suppression import Suppressed, Suppression, SuppressionUse

T = TypeVar("T")

CVES = ("CVE-2021-26855", "CVE-2021-26857", "CVE-2021-26858", "CVE-2021-27065")
HTTPPROXY = "EXCH01/Logging/HttpProxy/Ecp/HttpProxy_2021031406-1.LOG"
ECP_SERVER = "EXCH01/Logging/ECP/Server/ECPServer2021031406-1.LOG"
FRONT_END = "EXCH01/inetpub/logs/LogFiles/W3SVC1/u_ex210314.log"
SYSMON = "EXCH01/Windows/System32/winevt/Logs/Microsoft-Windows-Sysmon%4Operational.evtx"


def at(text: str) -> datetime:
    """Read a UTC time such as `2021-03-14 06:40:13`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def period(start: str, end: str) -> Period:
    return {"from": at(start), "to": at(end)}


WINDOW = period("2021-01-03", "2021-03-16 12:00")


def evidence(path: str, line: int, time: str, text: str) -> Evidence:
    return Evidence(path, line, line * 412, text, f"{line:064x}", at(time) if time else None)


def finding(rule: str, stage: Stage | None, lines: Iterable[Evidence], **changes: Any) -> Finding:
    shown = tuple(lines)
    times = [line.time for line in shown if line.time]
    made = Finding(
        id=f"f-{rule}",
        rule=rule,
        title=rule.replace("-", " ").capitalize(),
        level=Level.HIGH if stage else Level.LOW,
        stage=stage,
        certainty=Certainty.CONFIRMED,
        campaign="proxylogon" if stage else "",
        cves=("CVE-2021-26855",) if stage else (),
        attack=("T1190",),
        first=min(times, default=None),
        last=max(times, default=None),
        count=len(shown),
        evidence=shown,
        look_alikes=(),
    )
    return replace(made, **changes)


def probes() -> tuple[Finding, ...]:
    line = evidence(
        *(HTTPPROXY, 118, "2021-03-14 06:38:55"),
        "2021-03-14T06:38:55.102Z,6d0a2f7c-2f0e-4a57-a5f4-1d4b3f3f2b11,15,1,2176,2,,Ecp,"
        "mail.contoso.test,/ecp/y.js,,FBA,false,,,ServerInfo~localhost/ecp/default.flt?,"
        "python-requests/2.25.1,198.51.100.23,EXCH01,404,,,GET,,,,",
    )
    return (
        finding(
            "proxylogon-httpproxy-anchor",
            Stage.PROBED,
            [line],
            title="Back-end request forged through a static ECP file",
            level=Level.MEDIUM,
        ),
    )


def chain() -> tuple[Finding, ...]:
    """Return the findings of a ProxyLogon attack that put a web shell to use."""
    logon = evidence(
        *(HTTPPROXY, 131, "2021-03-14 06:39:41"),
        "2021-03-14T06:39:41.702Z,0e6e5b51-9b0c-4a0b-8f73-51f0f25b9a10,15,1,2176,2,,Ecp,"
        "mail.contoso.test,/ecp/y.js,,FBA,false,,,ServerInfo~EXCH01.contoso.test:444/ecp/"
        "proxyLogon.ecp?,python-requests/2.25.1,198.51.100.23,EXCH01,241,241,,POST,,,,",
    )
    planted = evidence(
        *(ECP_SERVER, 57, "2021-03-14 06:40:09"),
        "2021-03-14T06:40:09.310Z,EXCH01,ECP.Request,S:TIME=214;S:SID=1ab3;'S:CMD=Set-OabVirtual"
        "Directory.ExternalUrl=''http://f/<script language=JScript runat=server>[defanged]"
        "</script>''.Identity=''a1b2''';S:REQID=;S:URL=/ecp/DDI/DDIService.svc/SetObject",
    )
    used = [
        evidence(
            *(FRONT_END, 2041 + n, f"2021-03-14 06:4{n}:31"),
            f"2021-03-14 06:4{n}:31 10.0.0.5 POST /owa/auth/ohyeah.aspx - 443 - 198.51.100.23 "
            "python-requests/2.25.1 - 200 0 0 61",
        )
        for n in range(1, 4)
    ]
    whoami = evidence(
        *(SYSMON, 88214, "2021-03-14 06:41:33"),
        '{"Event":{"System":{"EventID":1,"Computer":"EXCH01.contoso.test"},"EventData":'
        '{"Image":"C:\\\\Windows\\\\System32\\\\cmd.exe","CommandLine":"cmd /c whoami",'
        '"ParentImage":"c:\\\\windows\\\\system32\\\\inetsrv\\\\w3wp.exe"}}}',
    )
    both = ("CVE-2021-26855", "CVE-2021-27065")
    return (
        *probes(),
        finding(
            *("proxylogon-httpproxy-logon", Stage.REACHED, [logon]),
            title="ECP logon obtained through the forged request",
        ),
        finding(
            *("proxylogon-ecp-oab-markup", Stage.PLANTED, [planted]),
            title="Script written into the URL of the OAB virtual directory",
            level=Level.CRITICAL,
            cves=both,
        ),
        finding(
            *("proxylogon-iis-shell-used", Stage.EXECUTED, used),
            title="Page planted by the attacker answered POST requests",
            count=14,
            last=at("2021-03-15 22:08:02"),
            level=Level.CRITICAL,
            cves=both,
        ),
        finding(
            *("w3wp-starts-shell", Stage.EXECUTED, [whoami]),
            title="Exchange's web worker started a command shell",
            certainty=Certainty.LIKELY,
            level=Level.HIGH,
        ),
        finding(
            *("web-scanner-agent", None, [evidence(FRONT_END, 12, "2021-02-02 01:00:07", "zgrab")]),
            title="User agent of an internet-wide scanner",
        ),
        finding(
            *("role-assigned", None, [evidence(SYSMON, 88301, "2021-03-14 07:02:10", "role")]),
            title="The role for mailbox export was assigned",
            level=Level.MEDIUM,
            hints=Stage.TAKEN,
            about=About.PERSISTENCE,
        ),
    )


def coverage(*, first: str = "2021-01-02", ecp: bool = True) -> tuple[Coverage, ...]:
    """Return the coverage of a server whose logs reach back to `first`."""
    end = "2021-03-16 12:00"

    def row(kind: str, files: int, records: int, start: str, **changes: Any) -> Coverage:
        return replace(Coverage(kind, files, records, 0, at(start), at(end), ()), **changes)

    gap = (period("2021-02-20 03:00", "2021-02-23 09:00"),) if first < "2021-02-20" else ()
    return (
        row("ecp-server", 41, 2_210, first)
        if ecp
        else Coverage("ecp-server", 0, 0, 0, None, None, ()),
        row("events:Application", 1, 40_112, "2021-02-11", unreadable=1),
        row("events:Microsoft-Windows-Sysmon/Operational", 1, 91_002, "2021-03-13 18:00"),
        row("httpproxy", 1_760, 18_442_019, first),
        row("iis", 146, 22_630_771, first, gaps=gap),
        row("oab-generator", 73, 5_512, first),
        Coverage("web-file", 812, 812, 0, None, None, ()),
    )


def cve(name: str, answer: Absence, note: str = "", **changes: Any) -> CveVerdict:
    logs = (
        LogCoverage("httpproxy", True, WINDOW["from"], WINDOW["to"], ""),
        LogCoverage("iis", True, WINDOW["from"], WINDOW["to"], ""),
    )
    return replace(CveVerdict(name, answer, None, None, WINDOW, logs, note), **changes)


def _answers(status: Status) -> tuple[CveVerdict, ...]:
    unseen = Absence.NOT_SEEN if status is not Status.CANNOT_TELL else Absence.CANNOT_TELL
    note = {
        Absence.NOT_SEEN: "",
        Absence.CANNOT_TELL: "HttpProxy and ECP logs begin on 2021-03-10, open from 2021-01-03",
    }[unseen]
    events = "the Application event log reaches back to 2021-02-11 only, one file is damaged"
    last = cve(CVES[1], Absence.CANNOT_TELL, events)
    if status is Status.COMPROMISED:
        how = {"stage": Stage.EXECUTED, "certainty": Certainty.CONFIRMED}
        seen = [cve(CVES[n], Absence.SEEN, **how) for n in (0, 3)]
        return (seen[0], last, cve(CVES[2], unseen), seen[1])
    if status is Status.TARGETED:
        how = {"stage": Stage.PROBED, "certainty": Certainty.CONFIRMED}
        first = cve(CVES[0], Absence.SEEN, "every request was refused", **how)
        return (first, last, cve(CVES[2], unseen), cve(CVES[3], unseen))
    return tuple(cve(name, unseen, note) for name in CVES)


_VERDICTS = {
    Status.COMPROMISED: Verdict(
        *(Status.COMPROMISED, Stage.EXECUTED, Certainty.CONFIRMED),
        "A page written through CVE-2021-27065 at 06:40 answered 14 POST requests from "
        "198.51.100.23.",
    ),
    Status.TARGETED: Verdict(
        *(Status.TARGETED, Stage.PROBED, Certainty.CONFIRMED),
        "One address tried CVE-2021-26855 once and was refused (404).",
    ),
    Status.NO_SIGN: Verdict(
        *(Status.NO_SIGN, None, None),
        "All logs that show CVE-2021-26855, 26857, 26858, 27065 cover 2021-01-03 to 2021-03-16.",
    ),
    Status.CANNOT_TELL: Verdict(
        *(Status.CANNOT_TELL, None, None),
        "The HttpProxy logs begin on 2021-03-10, 66 days after the first known attacks.",
    ),
}

_ACTIONS = (
    Action("isolate", "Cut the server off", "No internet, no other servers; keep it powered on."),
    Action("preserve", "Save memory and disk", "Before anything is cleaned; logs here roll over."),
    Action(
        "shell", "Remove the web shell", "Keep owa/auth/ohyeah.aspx as evidence; look for more."
    ),
    Action("oab", "Reset the OAB virtual directory", "Remove it and make it again."),
    Action(
        "secrets", "Change every secret", "Start with those that the server's account can read."
    ),
    Action("patch", "Install Mar21SU", "Build 15.1.2176.9 or later closes all four."),
)


def host(status: Status = Status.COMPROMISED, name: str = "EXCH01.contoso.test") -> Host:
    """Return one server with what belongs to the verdict."""
    found = {Status.COMPROMISED: chain, Status.TARGETED: probes}.get(status, tuple)()
    verdict = _VERDICTS[status]
    staged = [one for one in found if one.stage]
    campaign = CampaignVerdict(
        campaign="proxylogon",
        title="ProxyLogon",
        cves=CVES,
        stage=verdict.stage,
        certainty=verdict.certainty,
        first=min((one.first for one in staged if one.first), default=None),
        last=max((one.last for one in staged if one.last), default=None),
        findings=tuple(one.id for one in staged),
        coverage=_answers(status),
    )
    short = status is Status.CANNOT_TELL
    return Host(
        name=name,
        verdict=verdict,
        campaigns=(campaign, *_others(status)),
        patch=_patch(),
        coverage=coverage(first="2021-03-10" if short else "2021-01-02", ecp=not short),
        findings=found,
        actions=_ACTIONS if status is Status.COMPROMISED else _ACTIONS[-1:],
        manifest=_manifest(name.partition(".")[0]),
        notes=("Times of Sysmon.json were local time labelled Z; 5 hours were added.",),
        chains=(_story(found),) if status is Status.COMPROMISED else (),
    )


def _others(status: Status) -> tuple[CampaignVerdict, ...]:
    """Return campaigns of which nothing was found: one for each answer, and one without a hole."""
    early = "the evidence ends on 2021-03-16, before the first known attacks"
    answers = {
        ("proxyshell", "ProxyShell (August 2021)"): cve("CVE-2021-34473", Absence.NOT_YET, early),
        ("proxynotshell", "ProxyNotShell (2022)"): cve("CVE-2022-41040", Absence.NOT_YET, early),
        ("cve-2020-17144", "Item that runs code (2020)"): cve(
            "CVE-2020-17144", Absence.NOT_APPLICABLE, "does not apply to Exchange 2016"
        ),
        ("cve-2020-0688", "Fixed machine key (February 2020)"): cve(
            "CVE-2020-0688",
            Absence.NOT_SEEN if status is Status.NO_SIGN else Absence.CANNOT_TELL,
            "IIS logs reach back only to 2021-01-02; it was never seen open here",
            weighs=False,
        ),
    }
    quiet = (None, None, None, None, ())
    ways = CampaignVerdict("iis-modules", "Back doors in the web server", (), *quiet, ())
    named = [
        CampaignVerdict(name, title, (one.cve,), *quiet, (one,))
        for (name, title), one in answers.items()
    ]
    return (*named, ways)


def _story(found: Iterable[Finding]) -> Chain:
    """Tell the findings as one chain, with a last step that only hints at what it means."""
    told = sorted((one for one in found if one.stage), key=lambda one: one.first or WINDOW["from"])
    steps = [
        Step(
            *(one.first or WINDOW["from"], one.last or WINDOW["to"], one.title, one.id, one.stage),
            *(True, one.count, one.evidence[0].path, one.evidence[0].line, ""),
        )
        for one in told
    ]
    last = at("2021-03-15 22:10:44")
    archive = "An archive was made in a folder of the web server"
    steps.append(
        Step(last, last, archive, "f-archive", Stage.TAKEN, False, 1, SYSMON, 99120, "7z.exe a x")
    )
    return Chain(
        id="c-0123456789abcdef",
        campaign="proxylogon",
        campaigns=("proxylogon", "web-shells"),
        cves=("CVE-2021-26855", "CVE-2021-27065"),
        stage=Stage.EXECUTED,
        certainty=Certainty.CONFIRMED,
        first=steps[0].time,
        last=last,
        keys=(("address", "198.51.100.23"), ("page", "ohyeah.aspx")),
        raised="two kinds of evidence tell it alike",
        steps=tuple(steps),
    )


def _patch() -> Patch:
    seen = BuildSeen("15.1.2176.2", "httpproxy", at("2021-01-02"), at("2021-03-16 12:00"))
    open_now = tuple(AdvisoryState(name, State.OPEN) for name in CVES)
    return Patch("15.1.2176.2", "2016", "CU19", "", (seen,), open_now)


def _manifest(name: str) -> Manifest:
    bad = Entry(
        f"{name}/Windows/System32/winevt/Logs/Application.evtx",
        *(20_975_616, "events", "partial"),
        reason="chunk 12: checksum is wrong, 84 records lost",
    )
    return Manifest(3_104, 2_836, 268, 0, (bad,))


def tool() -> Tool:
    refused = (
        RefusedRule("proc_creation_x", "X", "rules/x.yml", "placeholder %Admins% is not filled in"),
        RefusedRule("dns_y", "Y", "rules/y.yml", "no evidence kind for product zeek, service dns"),
    )
    return Tool("0.1.0", "2026-08-22", "5f1c0ffee" * 7 + "0", 183, refused)


def case(status: Status = Status.COMPROMISED) -> Case:
    """Return a case with one server of this status."""
    return of_hosts(host(status))


def of_hosts(*hosts: Host) -> Case:
    """Return a case with these servers."""
    stray = Entry("EXCH01/backup.7z", 9_120_044, "", "skipped", reason="7z is not supported")
    return Case(SCHEMA, tool(), hosts, (stray,))


def three_hosts() -> Case:
    return of_hosts(
        host(Status.NO_SIGN, "EXCH03.contoso.test"),
        host(Status.CANNOT_TELL, "EXCH02.contoso.test"),
        host(Status.COMPROMISED),
    )


def suppressed_case() -> Case:
    """Return a case with what two of four entries of a suppress file took away."""
    scanner = Suppression(
        *("known.yml:3", "own vulnerability scanner", "Nessus"), addresses=("10.1.1.5",)
    )
    entry = Suppression(
        *("known.yml:9", "monitoring of the load balancer", "", "J. Doe"),
        rules=("web-scanner-*",),
        paths=("/owa/auth/logon.aspx",),
    )
    over = Suppression(
        *("known.yml:14", "test of 2020"), expires=at("2020-12-31").date(), in_force=False
    )
    stale = Suppression(*("known.yml:18", "an old load balancer"), addresses=("10.1.1.9",))
    uses = (
        SuppressionUse(entry, 3),
        SuppressionUse(over, 0, 0, "expired on 2020-12-31 and suppresses nothing any more"),
        SuppressionUse(stale, 0, 0, "suppressed nothing: no line that a rule met fits it"),
        SuppressionUse(scanner, 1_204, 2),
    )
    server = replace(
        host(Status.TARGETED),
        notes=("lines from the own scanner Nessus (known.yml:3) prove more than a probe",),
        suppressed=(_taken(entry, None, 3), _taken(scanner, Stage.PROBED, 1_204)),
    )
    return replace(of_hosts(server), suppressions=uses)


def _taken(entry: Suppression, stage: Stage | None, count: int) -> Suppressed:
    (line,) = probes()[0].evidence
    lines = tuple(replace(line, line=line.line + n) for n in range(3))
    return Suppressed(
        rule="proxylogon-httpproxy-anchor",
        title="Back-end request forged through a static ECP file",
        level=Level.MEDIUM,
        stage=stage,
        certainty=Certainty.CONFIRMED,
        campaign="proxylogon",
        entry=entry.id,
        scanner=entry.scanner,
        reason=entry.reason,
        count=count,
        first=at("2021-03-01 02:00"),
        last=at("2021-03-15 02:04"),
        evidence=lines,
    )


CASES: dict[str, Case] = {
    **{status.value: case(status) for status in Status},
    "three-hosts": three_hosts(),
    "no-host": of_hosts(),
    "suppressed": suppressed_case(),
    "ways-back": of_hosts(replace(host(Status.COMPROMISED), persistence=ways())),
    "robbed": robbed(replace(host(Status.COMPROMISED), persistence=ways()), tool()),
}
"""Every case that has a golden file, by its name."""


def flooded(value: T, payload: str) -> T:
    """Return the same value with the payload in every field that holds free text."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return cast("T", payload)
    if isinstance(value, tuple):
        return cast("T", tuple(flooded(item, payload) for item in value))
    if is_dataclass(value) and not isinstance(value, type):
        kept = {"status"} if isinstance(value, Entry) else set()
        new = {
            one.name: flooded(getattr(value, one.name), payload)
            for one in fields(value)
            if one.name not in kept
        }
        return replace(value, **new)
    return value
