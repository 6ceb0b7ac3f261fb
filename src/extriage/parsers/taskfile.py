r"""Scheduled tasks: the file that Windows keeps of each below `System32\Tasks`, XML in UTF-16.

The file has the task's name and no extension. One fact for each action: what is started, by which
trigger, as whom. `Author` and `Date` are whatever the author wrote, the date in local time without
its zone, so it is no time of the fact. A task that is only in the registry was hidden: not read.
Reference: [MS-TSCH], section 2.5, the XML schema of tasks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.statement import Source, bounded
from extriage.parsers.xmlstream import End, Start, elements, root_of

KIND = "scheduled-task"
_MARK = b"schemas.microsoft.com/windows/2004/02/mit/task"
_PLACE = re.compile(r"(?:^|/)(?:system32|syswow64|windows)/tasks/(.+)$", re.IGNORECASE)
_DESCRIPTIVE = {
    "RegistrationInfo": ("URI", "Author", "Date", "Description"),
    "Principal": ("UserId", "GroupId", "RunLevel"),
    "Settings": ("Hidden", "Enabled"),
}
"""What is told once for all actions: under the element that holds it."""
_ACTION = ("Command", "Arguments", "WorkingDirectory", "ClassId")
_NAMES = {"URI": "Uri", "GroupId": "UserId"}
_MOST = 50
"""Triggers and actions of one task; Windows allows 48 and 32."""


def accepts(head: bytes, path: str) -> bool:
    """Tell whether a file is a task of Windows."""
    return root_of(head) == b"Task" and _MARK in head[:4096]


def read(document: Document) -> Iterator[Fact]:
    """Yield a fact for each action; DocumentError where the file breaks off, after those before."""
    return bounded(_read(document))


def _read(document: Document) -> Iterator[Fact]:
    source, task = Source(KIND, document.path), _Task()
    broken: DocumentError | None = None
    try:
        for event in elements(document.data):
            task.see(event)
    except DocumentError as error:
        broken = error
    yield from task.facts(source)
    if broken:
        raise broken


@dataclass(slots=True)
class _Task:
    """A task while it is read; its parts stand in any order."""

    known: dict[str, str] = field(default_factory=dict)
    triggers: list[str] = field(default_factory=list)
    actions: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def see(self, event: Start | End) -> None:
        """Take in one element."""
        parent = event.path[-2] if len(event.path) > 1 else ""
        if isinstance(event, End):
            self._text(event, parent)
        elif parent == "Actions" and len(self.actions) < _MOST:
            self.actions.append((event.line, {}))
        elif parent == "Triggers" and len(self.triggers) < _MOST:
            self.triggers.append(event.name)

    def _text(self, event: End, parent: str) -> None:
        text = event.text.strip()
        if text and event.name in _DESCRIPTIVE.get(parent, ()):
            self.known.setdefault(_NAMES.get(event.name, event.name), text)
        elif text and event.name in _ACTION and event.path[-3:-2] == ("Actions",) and self.actions:
            self.actions[-1][1].setdefault(event.name, text)

    def facts(self, source: Source) -> Iterator[Fact]:
        """Yield a fact for each action, or one for a task without any."""
        name = self.known.get("Uri") or _name(source.path)
        told = {**self.known, "Triggers": ", ".join(self.triggers)}
        for line, action in self.actions or [(1, {})]:
            command = f"{action.get('Command', '')} {action.get('Arguments', '')}".strip()
            value = command or action.get("ClassId", "")
            yield source.told(Subject.SCHEDULED_TASK, name, value, line, {**told, **action})


def _name(path: str) -> str:
    r"""Name a task by its place, as Windows does: `\Microsoft\Windows\Defrag\ScheduledDefrag`."""
    found = _PLACE.search(path.replace("\\", "/"))
    return "\\" + (found[1].replace("/", "\\") if found else path.rpartition("/")[2])


READER = DocumentReader(accepts, read, 4 << 20)
