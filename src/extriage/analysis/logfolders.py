"""Does the evidence hold the folders that IIS writes its logs to?

Administrators move logs to other drives, and collectors that only know the usual places bring
older logs of a folder that nobody writes to any more, or none. applicationHost.config tells where
each site's logs go. Only folders other than the usual one are told: of that one coverage speaks.
"""

import re
from collections.abc import Iterable, Mapping

from extriage.knowledge.installation import expanded, is_local, plain
from extriage.model.evidence import Entry
from extriage.model.state import Fact, Subject
from extriage.parsers.file_name import server_path
from extriage.parsers.iisconfig import EVERYWHERE, LOG_FOLDER

_VARIABLES = {"systemdrive": "C:", "systemroot": "C:/Windows", "windir": "C:/Windows"}
_USUAL = "c:/inetpub/logs/logfiles"
_LOGS = ("iis", "iis-native")
_EARLIER = re.compile(r"[\\/]history[\\/]", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:\\")


def missing_log_folders(facts: Iterable[Fact], entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return a sentence for each moved log folder of IIS of which the evidence holds no log."""
    listed = list(entries)
    logs = [server_path(one.path) for one in listed if one.kind in _LOGS and one.lines]
    sure = all(_DRIVE.match(log) for log in logs)
    told = {one.reason for one in listed}
    found: dict[str, None] = {}
    for folder, who in sorted(_folders(list(facts)).items()):
        there = any(f"{plain(log)}/".lower().startswith(f"{folder}/".lower()) for log in logs)
        text = f"{who} {folder}; that folder is not in the evidence"
        if not there and sure and not any(folder in reason for reason in told):
            found.setdefault(text)
    return tuple(found)


def _folders(facts: list[Fact]) -> Mapping[str, str]:
    """Return the moved folders that are in use, each with who writes there."""
    sites = {
        str(dict(fact.properties).get("Site", ""))
        for fact in facts
        if fact.subject is Subject.VIRTUAL_DIRECTORY
    }
    said = {
        fact.name.removeprefix(LOG_FOLDER): fact.value
        for fact in facts
        if fact.name.startswith(LOG_FOLDER) and not _EARLIER.search(fact.origin.path)
    }
    if sites and sites <= said.keys():
        said.pop(EVERYWHERE, None)  # no site is left that writes there
    found: dict[str, str] = {}
    for site, text in said.items():
        folder = plain(expanded(text, _VARIABLES))
        if folder.lower() != _USUAL and (is_local(folder) or folder.startswith("//")):
            own = "IIS writes its logs" if site == EVERYWHERE else f"IIS writes the logs of {site}"
            found.setdefault(folder, f"{own} to")
    return found
