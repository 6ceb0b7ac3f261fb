r"""Set-up logs (`%SystemDrive%\ExchangeSetupLogs`): what was installed when, and how it went.

`ExchangeSetup.log` is appended run by run for years and tells the cumulative update; its stamps are
UTC, month first. The logs of Windows Installer (`*.msilog`, `ExchangeUpdate_*.log`) name security
updates and how they ended, `UpdateCas.log` the build whose web files were put in place: their times
are local and name no zone, so their facts have none. Only logs written in English are understood.
Reference: the set-up logs among the tests of microsoft/CSS-Exchange (MIT).
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from extriage.knowledge.builds import number, spell
from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentReader
from extriage.parsers.updates import FAILED, INSTALLED, REMOVED, act_facts, acts_in

KIND = "setup-log"
LIMIT = 256 << 20
UNFINISHED, UNSAID = "unfinished", "ended"
"""A run without an end in the log, and one that ended without saying how."""
SETUP, WEB_FILES = "ExchangeSetup.log", "UpdateCas.log"

_TOP = 4096
_TEXT = 400
_LINE = 2000
MOST = 1000
"""Runs or updates of one log that are told; of more runs the last."""
_STAMPED = re.compile(rb"^\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\.\d{4}\] \[\d\] ", re.MULTILINE)
_STEP = re.compile(
    rb"^\[(?P<stamp>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)\.\d(?P<ms>\d{3})\] \[\d\] (?P<step>"
    rb"Starting Microsoft Exchange Server |Setup version: |Logged on user: |Server Name=|"
    rb"RuntimeAssembly was started with the following command: |"
    rb"The backup copy of the previously installed version is |"
    rb"The installation mode is set to: |The locally installed version is |"
    rb"The (?:Microsoft )?Exchange Server setup operation |Setup is stopping now because |"
    rb"Finished loading screen SetupCompletedPage|End of Setup)(?P<rest>[^\r\n]{0,400})",
    re.MULTILINE,
)
_INSTALLER_HEADS = (b"=== Logging started: ", b"=== Verbose logging started: ", b"MSI (c) (")
_WEB_FILES_HEAD = b"* UpdateCas.ps1: "
_INSTALLER_MARKS = (b"Product: Microsoft Exchange ", b"Windows Installer ")
_WEB_FILES = re.compile(
    rb"^\[\d\d:\d\d:\d\d\] Updating [^\r\n]{1,40} to version (\d[\d.]{4,40}\d)", re.MULTILINE
)
_PREPARING = re.compile(
    r"/(prepare\w*|pad?|ps|pd|pl|(?:add|remove)umlanguagepack)(?=[\s:'\"]|$)", re.IGNORECASE
)
"""Runs of Setup that leave the installed build as it is."""
_REMOVING = re.compile(r"/m(?:ode)?:uninstall\b", re.IGNORECASE)


def accepts(head: bytes, path: str) -> bool:
    """Tell a set-up log by how its lines begin."""
    top = head[:_TOP]
    if b"] [" in top and _STAMPED.search(top):
        return True
    if any(mark in top for mark in _INSTALLER_HEADS):
        return b"xchange" in head or "exchange" in path.lower()
    return _WEB_FILES_HEAD in top


def read(document: Document) -> Iterator[Fact]:
    """Yield what each run of Setup, and each installer, said of builds and updates."""
    if _STAMPED.search(document.data[:_TOP]):
        for run in deque(_runs(document.data), MOST):
            yield from _run_facts(run, document.path)
    elif _WEB_FILES_HEAD in document.data[:_TOP]:
        yield from _web_files(document)
    else:
        yield from _installers(document)


@dataclass(slots=True)
class _Run:
    """One run of Setup as far as it has been read."""

    line: int
    begun: datetime | None
    version: str = ""
    user: str = ""
    server: str = ""
    command: str = ""
    mode: str = ""
    before: str = ""
    found: tuple[str, datetime | None, int] = ("", None, 0)
    """The build that was installed when it began, when that was said, and in which line."""
    outcome: str = UNFINISHED
    said: str = ""
    time: datetime | None = None
    """When the last thing was said."""

    def take(self, step: str, rest: str, line: int) -> None:
        """Note what a line says."""
        plain = rest.strip(" .'")
        if step.startswith("Setup version"):
            self.version = _spelled(plain)
        elif step.startswith("Logged on user"):
            self.user = rest.strip().rstrip(".")
        elif step.startswith("Server Name"):
            self.server = plain
        elif step.startswith("RuntimeAssembly"):
            self.command = plain
        elif step.startswith("The installation mode"):
            self.mode = plain
        elif step.startswith("The backup copy"):
            self.before = _spelled(plain)
        elif step.startswith("The locally installed"):
            self.found = (_spelled(plain), self.time, line)
        else:
            self._end(step, rest)

    def _end(self, step: str, rest: str) -> None:
        # NOTE: the wizard ends with `End of Setup` and the code 0 even after critical errors.
        if step.startswith("Setup is stopping") or "didn't complete" in rest:
            self.outcome, self.said = FAILED, f"{step}{rest}".partition(".")[0]
        elif "completed successfully" in rest or step.startswith("Finished loading"):
            if self.outcome != FAILED:
                self.outcome, self.said = INSTALLED, f"{step}{rest}".partition(".")[0]
        elif step == "End of Setup" and self.outcome == UNFINISHED:
            self.outcome, self.said = UNSAID, "End of Setup"


def _spelled(text: str) -> str:
    build = number(text)
    return spell(build) if build else ""


def _runs(data: bytes) -> Iterator[_Run]:
    run: _Run | None = None
    line, at = 1, 0
    for found in _STEP.finditer(data):
        line += data.count(b"\n", at, found.start())
        at = found.start()
        time = _time(found["stamp"], found["ms"])
        step = found["step"].decode()
        if step.startswith("Starting") or run is None:
            if run is not None:
                yield run
            run = _Run(line, time)
        run.time = time or run.time
        run.take(step, found["rest"].decode("utf-8", "replace"), line)
    if run is not None:
        yield run


def _time(stamp: bytes, milliseconds: bytes) -> datetime | None:
    month, day, year, hour, minute, second = map(int, re.split(rb"[/ :]", stamp))
    try:
        return datetime(
            year, month, day, hour, minute, second, int(milliseconds) * 1000, tzinfo=UTC
        )
    except ValueError:
        return None


def _run_facts(run: _Run, path: str) -> Iterator[Fact]:
    def fact(subject: Subject, name: str, value: str, when: datetime | None, line: int) -> Fact:
        text = _text(run) if subject is Subject.UPDATE else _installed_text(run, value)
        return Fact(subject, name, value, KIND, Origin(path, line), when, run.server, text)

    build, when, line = run.found
    if build:
        yield fact(Subject.CU_BUILD, SETUP, build, when, line)
    if not run.version:
        return
    preparing, removing = _PREPARING.search(run.command), _REMOVING.search(run.command)
    purpose = f" /{preparing[1]}" if preparing else ""
    outcome = REMOVED if removing and run.outcome == INSTALLED else run.outcome
    yield fact(Subject.UPDATE, f"Setup {run.version}{purpose}", outcome, run.time, run.line)
    if run.outcome == INSTALLED and not (preparing or removing):
        yield fact(Subject.CU_BUILD, SETUP, run.version, run.time, run.line)


def _installed_text(run: _Run, build: str) -> str:
    # NOTE: a copy of the version before is only kept while an upgrade is under way or broke off.
    broken = run.before and run.before != build and run.outcome != INSTALLED
    rest = f", by an upgrade from {run.before} that had not finished" if broken else ""
    return f"{build} is installed{rest}"


def _text(run: _Run) -> str:
    """Say in one line what a run was, and how it ended."""
    parts = [
        run.mode or "Setup",
        f"from {run.before}" if run.before else "",
        f"by {run.user}" if run.user else "",
        f"begun {run.begun:%Y-%m-%dT%H:%M:%SZ}" if run.begun else "",
    ]
    return f"{' '.join(part for part in parts if part)}: {run.said or 'no end in the log'}"[:_TEXT]


def _installers(document: Document) -> Iterator[Fact]:
    """Read the sentences of Windows Installer in one of its own logs, each once."""
    data, met = document.data, set[tuple[str, str]]()
    for mark in _INSTALLER_MARKS:
        at = data.find(mark)
        while at >= 0:
            text = data[at : at + _LINE].split(b"\n", 1)[0].decode("utf-8", "replace")
            for act in acts_in(text):
                if (act.title or act.version, act.word) not in met and len(met) < MOST:
                    met.add((act.title or act.version, act.word))
                    origin = Origin(document.path, data.count(b"\n", 0, at) + 1)
                    yield from act_facts(act, KIND, origin)
            at = data.find(mark, at + 1)


def _web_files(document: Document) -> Iterator[Fact]:
    """Read which builds' web files were put in place; updates do it too, not only Setup."""
    met: set[str] = set()
    for found in _WEB_FILES.finditer(document.data):
        build = _spelled(found[1].decode())
        if build and build not in met and len(met) < MOST:
            met.add(build)
            line = document.data.count(b"\n", 0, found.start()) + 1
            text = found[0].decode("utf-8", "replace")
            origin = Origin(document.path, line)
            yield Fact(Subject.BUILD, WEB_FILES, build, KIND, origin, text=text)


READER = DocumentReader(accepts, read, LIMIT)
