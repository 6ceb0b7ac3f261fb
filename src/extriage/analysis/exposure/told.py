"""What findings say of data on their own: dumps, copies, keys, lists, archives.

One entry for each kind and object. Administrators do much of it too: a finding of low level counts
only where its line belongs to a break-in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from extriage.analysis.exposure.orders import place
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    NAME,
    TEXT,
    by_whom,
    exposure_id,
    moment,
    ordered,
    weaker,
)
from extriage.analysis.pageurl import directories, url_of
from extriage.knowledge.exposures import ExposureKind, exposure_kinds, sentence
from extriage.model.detection import Certainty, Evidence, Finding, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import Chain
from extriage.model.session import Amount
from extriage.model.state import Proof

MOST = 200
"""Objects of one kind that are listed."""
_ENDS = re.compile(r" (?=[A-Z][\w()-]{2,40}=)")
_ELSEWHERE = frozenset({"mailbox-export", "file-fetched"})
"""Kinds that have an account of their own."""


_COUNTED = {
    "mailbox-read": ("mailbox-read", "mailbox-folder-read"),
    "mailbox-folder-read": ("mailbox-read", "mailbox-folder-read"),
    "address-book": ("address-book",),
}
"""Kinds whose requests are summed up from the trail, and by which entries."""
_PACKED = (".zip", ".7z", ".rar", ".cab", ".tar", ".gz")
_FILE = re.compile(
    r"(?i)\b[a-z]:\\[^\"'<>|*?,;]{1,240}?"
    r"\.(?:dmp|mdmp|zip|7z|rar|cab|tar|gz|pst|ost|edb|dit|hiv|hive|save|pfx|p12)\b"
)
_RAN = (Stage.EXECUTED, Stage.ACTED)


@dataclass(slots=True)
class _Told:
    kind: ExposureKind
    name: str
    lines: list[Evidence] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    count: int = 0


def told(seen: Seen, known: Sequence[Exposure]) -> Iterator[Exposure]:
    """Yield what findings say that is not in the ledger yet."""
    have = {(one.kind, finding) for one in known for finding in one.findings}
    files = {place(one.export.file) for one in known if one.export}
    urls = {one.object for one in known if one.kind == "file-fetched"}
    served = directories(seen.facts)
    found: dict[tuple[str, str], _Told] = {}
    many: dict[str, int] = {}
    for finding in seen.findings:
        kind = exposure_kinds().get(seen.exposes.get(finding.rule, ""))
        if kind is None or finding.raw or kind.of in _ELSEWHERE or not seen.opens(finding):
            continue
        if (kind.of, finding.id) in have or _is_counted(seen, kind, finding, known):
            continue
        for line in finding.evidence:
            name = _name(kind, finding, line)
            if place(name) in files or url_of(place(name).replace("\\", "/"), served) in urls:
                continue
            key = (kind.of, name.lower())
            if key not in found and many.get(kind.of, 0) >= MOST:
                continue
            many[kind.of] = many.get(kind.of, 0) + (key not in found)
            one = found.setdefault(key, _Told(kind, name))
            one.lines.append(line)
            one.findings[finding.id] = finding
    for one in found.values():
        yield _exposure(seen, one)


def _is_counted(
    seen: Seen, kind: ExposureKind, finding: Finding, known: Sequence[Exposure]
) -> bool:
    """Tell whether the requests of a finding are counted by mailbox already."""
    if kind.of not in _COUNTED:
        return False
    whose = set(seen.intruders_of.get(finding.id, ()))
    alike = [one for one in known if one.kind in _COUNTED[kind.of]]
    return any(finding.id in one.findings or whose.intersection(one.intruders) for one in alike)


def _name(kind: ExposureKind, finding: Finding, line: Evidence) -> str:
    if line.object:
        return line.object[:NAME]
    for field_ in kind.object:
        if field_.startswith("="):
            return field_[1:]
        at = f" {line.summary}".find(f" {field_}=")
        if at >= 0:
            value = line.summary[at + len(field_) + 1 :]
            end = _ENDS.search(value)
            text = (value[: end.start()] if end else value).strip()
            if text:
                return _file_in(kind, text) or text[:NAME]
    return finding.title


def _file_in(kind: ExposureKind, text: str) -> str:
    """Return the file that a command makes: the same is named by the event of its making."""
    archives = [path for path in _FILE.findall(text) if path.lower().endswith(_PACKED)]
    others = [path for path in _FILE.findall(text) if path not in archives]
    found = archives or others if kind.of == "archive-staged" else others
    return found[0][:NAME] if found else ""


def _exposure(seen: Seen, one: _Told) -> Exposure:
    kind = exposure_kinds()[one.kind.of]
    findings = list(one.findings.values())
    times = sorted(line.time for line in one.lines if line.time)
    who = _who(one.lines)
    certainty = max((each.certainty for each in findings), key=lambda c: c.rank)
    tied = any(seen.is_tied(each, line.time) for each in findings for line in one.lines)
    intruders = ordered(n for each in findings for n in seen.intruders_of.get(each.id, ()))
    if tied:
        certainty = max(certainty, Certainty.LIKELY, key=lambda c: c.rank)
    when = f" ({moment(times[0])})" if times else ""
    by, many = by_whom(who), f", {len(one.lines)} lines" if len(one.lines) > 1 else ""
    proofs = (Proof(line.path, line.line, line.text[:TEXT]) for line in one.lines[:4])
    return Exposure(
        exposure_id(seen.name, kind.id, one.name.lower()),
        kind.id,
        one.name,
        one.kind.state,
        weaker(certainty, one.kind.at_most),
        sentence(one.kind, one.name, by, many).removesuffix(".") + f"{when}.",
        times[0] if times else None,
        times[-1] if times else None,
        who,
        (),
        intruders,
        ordered(one.findings),
        Amount(len(one.lines), None) if one.kind.state is Exposed.READ else None,
        None,
        None,
        ordered(each.rule for each in findings),
        (),
        tuple(proofs),
    )


def _who(lines: Sequence[Evidence]) -> tuple[str, ...]:
    keys = (value for line in lines for kind, value in line.keys if kind in ("address", "account"))
    return tuple(dict.fromkeys([*(line.actor for line in lines if line.actor), *keys]))[:20]


def server_secrets(seen: Seen) -> Iterator[Exposure]:
    """Yield once what code on the server could read, if code of an intruder ran there."""
    ran = [one for one in seen.findings if not one.raw and _runs(one)]
    chains = [
        one for one in seen.chains if one.certainty is not Certainty.POSSIBLE and _ran_in(one)
    ]
    firsts = [one.first for one in ran if one.first] + [one.first for one in chains]
    if not ran and not chains:
        return
    kind = exposure_kinds()["server-secrets"]
    sure = max([one.certainty for one in ran] + [one.certainty for one in chains], key=_rank)
    lasts = [one.last for one in ran if one.last] + [one.last for one in chains]
    since = f" since {moment(min(firsts))}" if firsts else ""
    lines = [line for one in ran for line in one.evidence[:1]]
    intruders = [n for one in ran for n in seen.intruders_of.get(one.id, ())]
    yield Exposure(
        exposure_id(seen.name, kind.id),
        kind.id,
        kind.object[0].removeprefix("="),
        Exposed.REACHABLE,
        weaker(sure, kind.at_most),
        f"Code of an intruder ran on the server{since}: passwords in memory, machine keys, private "
        "keys of certificates and every mailbox were within its reach.",
        min(firsts, default=None),
        max(lasts, default=None),
        _who(lines),
        (),
        ordered(intruders),
        ordered(one.id for one in ran),
        None,
        None,
        None,
        ("code on the server",),
        (
            "Whether it read them: events of processes and of access to LSASS (Sysmon, Security "
            "4688) show a part; much leaves no line.",
        ),
        tuple(Proof(line.path, line.line, line.text[:TEXT]) for line in lines[:4]),
    )


def _rank(certainty: Certainty) -> int:
    return certainty.rank


def _runs(finding: Finding) -> bool:
    return finding.stage in _RAN and finding.certainty is not Certainty.POSSIBLE


def _ran_in(chain: Chain) -> bool:
    # NOTE: mail that was read through a hole is further up the ladder, and needs no code.
    return chain.stage in _RAN or any(step.proved and step.stage in _RAN for step in chain.steps)
