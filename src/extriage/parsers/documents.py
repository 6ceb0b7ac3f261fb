"""The register of files that are read as a whole for what they say of the server's state.

Each kind has a module of its own; it is told by its content, and by its name only where a file of
any content is of interest because of its name.
"""

from extriage.parsers import (
    binary,
    exchangeconfig,
    iisconfig,
    modulefile,
    powershell,
    regexport,
    registry,
    setuplog,
    taskfile,
    traces,
    webconfig,
)
from extriage.parsers.base import Kind

DOCUMENTS: tuple[Kind, ...] = (
    Kind(binary.KIND, "document", True, "Program file of Exchange", reader=binary.READER),
    Kind(modulefile.KIND, "document", False, "Library that IIS loads", reader=modulefile.READER),
    Kind(registry.KIND, "document", False, "Registry hive", reader=registry.READER),
    Kind(regexport.KIND, "document", False, "Registry export", reader=regexport.READER),
    Kind(setuplog.KIND, "document", True, "Set-up log", reader=setuplog.READER),
    Kind(iisconfig.KIND, "document", False, "IIS configuration", reader=iisconfig.READER),
    Kind(webconfig.KIND, "document", False, "web.config", reader=webconfig.READER),
    Kind(exchangeconfig.KIND, "document", True, "Exchange file", reader=exchangeconfig.READER),
    Kind(taskfile.KIND, "document", False, "Scheduled task", reader=taskfile.READER),
    Kind(powershell.KIND, "document", False, "PowerShell export", reader=powershell.READER),
    Kind(traces.MAIL, "document", False, "Mail headers", reader=traces.MAIL_READER),
    Kind(traces.ANSWER, "document", False, "Saved answer", reader=traces.ANSWER_READER),
)
"""Tried in this order, after all logs and before web files."""


def document_kind(head: bytes, name: str) -> str:
    """Name the kind of a document; empty if it is none."""
    for kind in DOCUMENTS:
        if kind.reader is not None and kind.reader.accepts(head, name):
            return kind.name
    return ""
