r"""Logs of Microsoft's antivirus programs: what was found on the server, where, what became of it.

Three forms, often UTF-16:
* `msert.log` and `mrt.log` in `%SystemRoot%\debug`, of the Safety Scanner and the Malicious
  Software Removal Tool. Times are those of the run, local and without a zone: they are told as
  `Started`, and a record has no time.
* `MPLog-*.log` and `MPDetection-*.log` in `%ProgramData%\Microsoft\Windows Defender\Support`: lines
  in UTC, of which those with a detection are read. They stay when the event log is cleared.

One record for each object of a threat. That something was removed does not undo its use before.
Primary sources: https://learn.microsoft.com/defender-endpoint/safety-scanner-download and
https://support.microsoft.com/topic/890830.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.base import Document, RecordReader, names
from extriage.parsers.clock import iso_time
from extriage.parsers.text import text_of
from extriage.parsers.tracetext import trace_record

KIND = "antivirus-log"
FIELDS = names("Tool,Threat,Path,Object,Action,Result,Removed,Source,Started,Line")
_TOOLS = (
    (b"Microsoft Safety Scanner v", "Microsoft Safety Scanner"),
    (b"Malicious Software Removal Tool v", "Malicious Software Removal Tool"),
)
_MARKED = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z?[ \t]", re.MULTILINE)
_NAMED = re.compile(r"mp(?:log|detection)-\d{8}[-\d]*.{0,60}\.log$", re.IGNORECASE)
_DETECTION = (b"DETECTIONEVENT", b"DETECTION_", b" DETECTION ")
_EVENT = re.compile(
    r"(\S{19,40})\s(?:[^\n]{0,200}?\s)?(DETECTIONEVENT|DETECTION(?:_[A-Z]{2,20})?)(?:#\d{1,3})?\s"
    r"(?:MPSOURCE_(\w{1,40})\s)?(?:MP_THREAT_ACTION_(\w{1,40})\s)?(?:(0x[0-9A-Fa-f]{1,16})\s)?"
    r"([A-Za-z]{2,40}:[\w/.!:@#&+-]{2,200})(?:\s(.{0,8000}))?"
)
_OBJECT = re.compile(
    r"\b(containerfile|file|process|amsi|webfile|regkey|regkeyvalue|runkey|service|driver|taskscheduler"
    r"|startup|folder|internalamsi|behavior|cmdline|uac|pid):(?://)?_?([^;]{1,2000})"
)
_THREAT = re.compile(r"Threat [Dd]etected: (\S{3,200})(.{0,80})$")
_ACTION = re.compile(r"\s{1,8}Action: ([^,]{1,40}), Result: (\S{1,20})")
_RESOURCE = re.compile(r"\s{2,16}([a-z]{2,20})://(.{1,2000})$")
_STARTED = re.compile(r"Started On (\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})")
_BEGUN, _FINISHED = b"Beginning threat actions", b"Finished threat actions"
_SAID = re.compile(r"(Start time|Threat Name|Action|Path|Result):(.{1,2000})$")
_DONE = re.compile(r"(?:File cleaned/removed successfully|Action \w{1,20} successful on )", re.I)
_VERBATIM = "\\\\?\\"
_REMOVING = ("remove", "quarantine", "delete", "clean")
_DEFENDER = "Microsoft Defender Antivirus"
_OF_FILES = ("file", "containerfile", "webfile")
_MOST = 50_000
_BLOCK = 500
_LINE = 16_384


def accepts(head: bytes, path: str) -> bool:
    """Tell such a log by its head; Defender's also by its name, since it begins with anything."""
    if any(mark in head[:4096] for mark, _ in _TOOLS) and b"Started On " in head[:8192]:
        return True
    if b"\0" in head[:4096] or not _MARKED.search(head):
        return False
    if b"DETECTIONEVENT MPSOURCE_" in head or b"MPSOURCE_" in head:
        return True
    return _NAMED.search(path.replace("\\", "/").rpartition("/")[2]) is not None


def read(document: Document) -> Iterator[Record]:
    """Yield a record for each object that was found; only the first 50,000 of one log."""
    data, path = document.data, document.path
    tool = next((name for mark, name in _TOOLS if mark in data[:4096]), "")
    found = _runs(data, path, tool) if tool else _detections(data, path)
    for record, _ in zip(found, range(_MOST), strict=False):
        yield record


@dataclass(slots=True)
class _Run:
    """A run of the scanner while its log is read, and the threat in hand."""

    tool: str
    started: str = ""
    threat: str = ""
    removed: bool = False
    action: str = ""
    result: str = ""
    objects: list[tuple[int, str, str, str]] = field(default_factory=list)

    def fields(self, kind: str, place: str, line: str) -> Fields:
        """Return what is known of one object."""
        return {
            "Tool": self.tool,
            "Threat": self.threat,
            "Path": _outer(place) if kind in _OF_FILES else "",
            "Object": f"{kind}:{place}",
            "Action": self.action,
            "Result": self.result,
            "Removed": "yes" if self.removed or self._done() else "no",
            "Started": self.started,
            "Line": line.strip(),
        }

    def _done(self) -> bool:
        done = self.action.lower().startswith(_REMOVING)
        return done and self.result.rstrip("0") in ("0x", "")


def _runs(data: bytes, path: str, tool: str) -> Iterator[Record]:
    run = _Run(tool)
    for number, raw in enumerate(data.split(b"\n"), start=1):
        line = text_of(raw[:_LINE]).rstrip("\r")
        if found := _RESOURCE.match(line):
            if run.threat:
                fields = run.fields(found[1], found[2].strip(), line)
                yield trace_record(KIND, None, Origin(path, number), fields, FIELDS)
        elif found := _THREAT.match(line):
            removed = "and removed" in found[2].lower()
            run = _Run(run.tool, run.started, found[1].rstrip(",."), removed)
        elif found := _ACTION.match(line):
            run.action, run.result = found[1].strip(), found[2]
        elif found := _STARTED.match(line):
            run = _Run(run.tool, found[1])
        elif line.startswith("Results Summary"):
            run = _Run(run.tool, run.started)


def _detections(data: bytes, path: str) -> Iterator[Record]:
    block: tuple[int, list[str]] | None = None
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if raw.startswith(_BEGUN):
            block = number, []
        elif block is not None and raw.startswith(_FINISHED):
            yield from _acted(path, *block)
            block = None
        elif block is not None and len(block[1]) < _BLOCK:
            block[1].append(text_of(raw[:_LINE]).rstrip("\r"))
        if any(mark in raw for mark in _DETECTION):
            yield from _detected(path, number, text_of(raw[:_LINE]).rstrip("\r"))


def _detected(path: str, number: int, line: str) -> Iterator[Record]:
    """Read a line of a detection, or of what was then done."""
    found = _EVENT.match(line)
    if found is None:
        return
    stamp, event, source, action, result, threat, rest = found.groups()
    time = iso_time(stamp.encode("ascii", "replace"))
    done = bool(action) and action.lower().startswith(_REMOVING)
    for kind, place in _objects(rest or ""):
        fields: Fields = {
            "Tool": _DEFENDER,
            "Threat": threat,
            "Path": _outer(place) if kind in _OF_FILES else "",
            "Object": f"{kind}:{place}" if kind else place,
            "Action": action or event,
            "Result": result or "",
            # NOTE: the code beside a clean event may be that of success with a restart needed.
            "Removed": "yes" if done else "no",
            "Source": source or "",
            "Line": line,
        }
        yield trace_record(KIND, time, Origin(path, number), fields, FIELDS)


def _acted(path: str, number: int, lines: list[str]) -> Iterator[Record]:
    """Read the block that tells what was done with one threat; its times are local."""
    said: dict[str, str] = {}
    places: list[str] = []
    done = False
    for line in lines:
        done = done or _DONE.match(line) is not None
        if found := _SAID.match(line):
            if found[1] == "Path":
                places.append(found[2].strip().removeprefix(_VERBATIM))
            said.setdefault(found[1], found[2].strip())
    for place in dict.fromkeys(places) if "Threat Name" in said else ():
        fields: Fields = {
            "Tool": _DEFENDER,
            "Threat": said["Threat Name"],
            "Path": place,
            "Object": f"file:{place}",
            "Action": said.get("Action", ""),
            "Result": said.get("Result", ""),
            "Removed": "yes" if done else "no",
            "Started": said.get("Start time", ""),
        }
        yield trace_record(KIND, None, Origin(path, number), fields, FIELDS)


def _outer(place: str) -> str:
    """Return the file that holds what was found: `x.aspx` of `x.aspx->(SCRIPT0000)`."""
    return place.partition("->")[0]


def _objects(text: str) -> list[tuple[str, str]]:
    found = [(one[1], one[2].strip()) for one in _OBJECT.finditer(text)][:200]
    plain = [(kind, re.sub(r"\s+PropBag \[.*$", "", place)) for kind, place in found]
    return plain or [("", text.strip())]


READER = RecordReader(accepts, read, FIELDS)
