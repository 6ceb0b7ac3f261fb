"""Is a way back of one case still there, as far as the evidence of the other can tell?

The answers are asked for in order: what the other case says of it; its file at its place; rules and
suppress files that may have hidden it; the file that holds a setting; the files around it; logs of
cmdlets that nobody ended. If none of them answers, nobody can tell, and what would tell is said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.analysis.absence import need
from extriage.analysis.comparing.places import place_key, would_hold
from extriage.analysis.comparing.side import (
    Pair,
    View,
    file_paths,
    file_places,
    key_by_kind,
    url,
    way_key,
    way_lines,
)
from extriage.analysis.objectkeys import is_needed
from extriage.analysis.presence import told
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.comparison import Change
from extriage.model.detection import Sign
from extriage.model.evidence import Entry
from extriage.model.persistence import Persistence, Presence
from extriage.parsers.file_name import server_path

_LIFE = ("planted", "compiled", "used", "changed")
"""Chapters of a life story that say that it was there at that time."""
_AWAY = ("removed", "missing")
_RECORDS = "file-record"
_CMDLET_LOGS = ("events:MSExchange Management", "rps-cmdlet", "audit")
"""Logs of which any one shows when a setting is taken back by a cmdlet."""
_EVENT_LOGS = ("events:Security", "events:System")
"""Logs that show when a service, task or account is made."""
_STORES = frozenset(
    {"applicationhost.config", "administration.config", "agents.config", "software", "system"}
)
"""Files that every server has: without one a collection is not whole."""

Said = tuple[Change, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What became of a way back of the earlier case?"""

    pair: Pair
    one: Persistence
    match: Persistence | None
    """The same in the later case, if it has it."""

    def answer(self) -> Said:
        """Return the first answer that the later evidence gives."""
        if found := self.seen_there():
            return Change.STILL_THERE, found
        if said := _by_file(self):
            return said
        if self.match is not None and self.match.state is Presence.REMOVED and self._is_late():
            return Change.GONE, self.match.state_note
        if self.one.first and self.pair.until and self.pair.until < self.one.first:
            return Change.CANNOT_TELL, "The second case ends before it came."
        for ask in _ASKED:
            if said := ask(self):
                return said
        return Change.CANNOT_TELL, self._missing()

    def seen_there(self) -> str:
        """Say how the later evidence shows that it is there; empty if it does not."""
        match = self.match
        if match is None:
            return ""
        if match.state is Presence.PRESENT:
            same = digests(self.pair.before, self.one) & digests(self.pair.after, match)
            whole = bool(same) and not self.settings()
            return match.state_note + (" It is the same file, byte for byte." if whole else "")
        sign = _sign_of_life(match, self.pair.since)
        if match.state is Presence.REMOVED or sign is None or self.pair.since is None:
            return ""
        time, text = sign
        return f"It was there after {told(self.pair.since)}: {text} ({told(time)})."

    def _is_late(self) -> bool:
        """Tell whether the removal that the later case tells is later than the earlier case.

        What lay there when the earlier evidence was collected was not gone by an older removal, and
        of what was gone by then an older removal does not tell whether it came back.
        """
        story = self.match.story if self.match else ()
        times = [one.time for one in story if one.what in _AWAY]
        return self.is_after_earlier(times[-1] if times else None)

    def is_after_earlier(self, time: datetime | None) -> bool:
        """Tell whether a removal can be what became of it since the earlier evidence."""
        last = self.pair.before.last
        if self.one.state is Presence.UNKNOWN:
            return True
        if time is None:
            return self.one.state is Presence.PRESENT
        return last is None or time > last

    @property
    def held(self) -> Entry | None:
        """Return the file that the later evidence holds at its place."""
        places = self.pair.after.places
        found = (places.file(key) for key in file_places(self.one))
        return next((one for one in found if one), None) or places.urls.get(url(self.one))

    def excused(self) -> bool:
        """Tell whether the later scan may not have had the rules that found it."""
        before, after = self.pair.before.tool, self.pair.after.tool
        refused = {rule.id for rule in after.refused_rules}
        fewer = after.content_sha256 != before.content_sha256 and after.rules < before.rules
        return fewer or bool(self.rules() & refused)

    def rules(self) -> frozenset[str]:
        """Return the rules that found it in the earlier case."""
        ids = frozenset(self.one.findings)
        return frozenset(one.rule for one in self.pair.before.host.findings if one.id in ids)

    def settings(self) -> tuple[str, ...]:
        """Return the files of the earlier evidence that hold it as a setting."""
        lines = way_lines(self.pair.before.host, self.one)
        found = (one.path for one in lines if one.sign is Sign.PRESENT and one.kind == "setting")
        return tuple(dict.fromkeys(found))

    def would_hold(self, key: str) -> bool:
        """Tell whether the later evidence would hold a file, if it were on the server."""
        before, after = self.pair.before, self.pair.after
        return would_hold(key, after.places, before.places, before.foreign | after.foreign)

    def would_show(self) -> bool:
        """Tell whether a log that told of it goes on: a return of what is no file shows there."""
        window, coverage = self.pair.window, self.pair.after.host.coverage
        if window is None or file_paths(self.one) or url(self.one):
            return False
        lines = list(way_lines(self.pair.before.host, self.one))
        kinds = {line.kind for line in lines}
        if any("Cmdlet=" in line.summary for line in lines):
            kinds |= {*_CMDLET_LOGS}
        elif any(kind.startswith("events") for kind in kinds):
            kinds |= {*_EVENT_LOGS}
        return any(need(kind, coverage, window).log.covered for kind in kinds)

    def _missing(self) -> str:
        """Say what would tell."""
        seen = f" {self.match.state_note}" if self.match is not None else ""
        if paths := file_paths(self.one):
            folder = re.sub(r"[\\/][^\\/]*$", "", server_path(paths[0])) or "\\"
            text = f"The new evidence does not hold its folder: collect {folder} whole."
        elif url(self.one):
            folder = f"{url(self.one).rpartition('/')[0]}/"
            text = f"The new evidence does not hold the web folder {folder}: collect it whole."
        else:
            text = "Nothing in the new evidence shows whether it is there: look at the server."
        return text + seen


def digests(side: View, one: Persistence) -> frozenset[str]:
    """Return the SHA-256 of the files of a way back, as far as the evidence holds them."""
    found = [side.places.file(key) for key in file_places(one)] + [side.places.urls.get(url(one))]
    return frozenset(entry.sha256 for entry in found if entry and entry.sha256)


def _by_removal(asked: Question) -> Said | None:
    """Answer by a line that takes it away, where nothing else of it is told any more."""
    key = way_key(asked.one)[1]
    lines = [
        (line.time, finding.title)
        for finding in asked.pair.after.host.findings
        if finding.persistence == asked.one.kind
        for line in finding.evidence
        if line.sign is Sign.REMOVED and line.time and line.object
        if key_by_kind(asked.one.kind, line.object) == key
    ]
    living = asked.one.last
    if asked.match is not None or not lines:
        return None
    time, title = max(lines)
    if (living and time < living) or not asked.is_after_earlier(time):
        return None
    return Change.GONE, f"It was removed at {told(time)}: {title}."


def _by_file(asked: Question) -> Said | None:
    """Answer by a file at its place, which the later case does not list as a way back."""
    held = asked.held
    if held is None or asked.settings():
        return None
    was = digests(asked.pair.before, asked.one)
    # NOTE: what was gone already is not back because the file there did not change.
    if held.sha256 in was and asked.one.state is not Presence.REMOVED:
        return Change.STILL_THERE, (
            f"The file is in the new evidence, unchanged: {held.path}. The new scan does not list "
            "it: other rules, or a suppress file."
        )
    if held.status != "read":
        return Change.CANNOT_TELL, f"A file is at its place and could not be read: {held.path}."
    kind = persistence_kinds().get(asked.one.kind)
    if kind and is_needed(kind, asked.one.object) and not asked.excused():
        other = was and held.sha256 not in was
        text = "was put right: it has other content now, and" if other else "was read, and"
        return Change.GONE, f"The file {text} nothing is found in it: {held.path}."
    return Change.CANNOT_TELL, (
        "A file of this name is there, and no rule finds anything in its content of today. Read "
        f"it: {held.path}."
    )


def _by_rules(asked: Question) -> Said | None:
    """Tell that something that only rules can find may have been hidden from them."""
    if file_places(asked.one) and not asked.settings():
        return None
    rules = asked.rules()
    entry = next((row.entry for row in asked.pair.after.host.suppressed if row.rule in rules), "")
    if entry:
        return Change.CANNOT_TELL, f"The new scan left out lines of its rules ({entry})."
    if not asked.excused():
        return None
    return Change.CANNOT_TELL, (
        "The new scan had fewer rules, or could not run the one that found it: scan the new copy "
        "with the rules of the earlier case."
    )


def _by_setting(asked: Question) -> Said | None:
    """Answer by the file that held the setting, if the later evidence has it, too."""
    files = asked.pair.after.places.files
    held = [(path, files.get(place_key(path))) for path in asked.settings()]
    if not held:
        return None
    before = asked.pair.before.places.files
    for path, entry in held:
        known = before.get(place_key(path))
        if entry and known and entry.sha256 and entry.sha256 == known.sha256:
            return Change.STILL_THERE, f"{entry.path} is unchanged; the new scan does not list it."
    missing = [path for path, entry in held if entry is None or entry.status != "read"]
    if not missing:
        return Change.GONE, f"{held[-1][0]} was read again, and does not have it any more."
    # NOTE: a file that is all of one task or module goes with it.
    if not _is_store(missing) and all(asked.would_hold(place_key(path)) for path in missing):
        return Change.GONE, f"{missing[0]} is gone, and the files around it are there."
    return Change.CANNOT_TELL, f"The new evidence does not hold {missing[0]}: collect it."


def _by_neighbours(asked: Question) -> Said | None:
    """Answer by the files around it: they were collected, and it is not among them."""
    if any(map(asked.would_hold, file_places(asked.one))) or _beside(asked):
        return Change.GONE, "Its folder was collected again, and it is not in it."
    files = asked.pair.after.places.files
    for line in way_lines(asked.pair.before.host, asked.one):
        table = files.get(place_key(line.path)) if line.kind == _RECORDS else None
        if table is not None and table.status == "read":
            return (
                Change.GONE,
                f"The list of files of the disk was read again without it: {table.path}.",
            )
    return None


def _by_cmdlets(asked: Question) -> Said | None:
    """Answer for what only cmdlets change: their logs go on, and nobody took it back."""
    first, until = asked.one.first, asked.pair.until
    if asked.match is None or asked.pair.window is None or first is None or until is None:
        return None
    if Presence.REMOVED in (asked.one.state, asked.match.state):
        return None
    lines = list(way_lines(asked.pair.before.host, asked.one))
    if first >= until or not lines or not all("Cmdlet=" in line.summary for line in lines):
        return None
    coverage = asked.pair.after.host.coverage
    logs = (need(kind, coverage, {"from": first, "to": until}).log for kind in _CMDLET_LOGS)
    log = next((one for one in logs if one.covered), None)
    if log is None:
        return None
    return Change.STILL_THERE, f"Nobody took it back until {told(until)}: {log.note}."


_ASKED = (_by_removal, _by_rules, _by_setting, _by_neighbours, _by_cmdlets)


def _beside(asked: Question) -> bool:
    """Tell whether other pages of its folder are there, if nothing names its place on a disk."""
    before, after = asked.pair.before, asked.pair.after
    known = {url(way) for side in (before, after) for way in side.host.persistence}
    folder = url(asked.one)
    while folder and not file_places(asked.one):
        folder = folder.rpartition("/")[0]
        mine, theirs = (_pages(side, folder) - known for side in (after, before))
        if mine or theirs:
            return bool(mine) and 2 * len(mine & theirs) >= len(theirs)
    return False


def _pages(side: View, folder: str) -> set[str]:
    return {name for name in side.places.urls if name.rpartition("/")[0] == folder}


def _is_store(paths: Sequence[str]) -> bool:
    names = {path.replace("\\", "/").rpartition("/")[2].lower() for path in paths}
    return bool(names & _STORES)


def _sign_of_life(one: Persistence, since: datetime | None) -> tuple[datetime, str] | None:
    """Return the last chapter of its story, later than a moment, in which it was there."""
    if since is None:
        return None
    later = [(time, text) for time, text in _chapters(one) if time > since]
    return max(later) if later else None


def _chapters(one: Persistence) -> Iterator[tuple[datetime, str]]:
    for chapter in one.story:
        time = chapter.until or chapter.time
        if chapter.what in _LIFE and time is not None:
            yield time, chapter.text.rstrip(".")
    if one.life is not None and one.life.last_answered is not None:
        yield one.life.last_answered, "its page answered"
