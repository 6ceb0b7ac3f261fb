"""Smaller files of Exchange: whether a fix or a mitigation is in force, and which code sees mail.

FIP-FS, the malware filter, keeps `Configuration.xml` below `FIP-FS/Data`: an entry with `|NO`
brings back the module that the update of March 2024 switched off (ADV24199947). Microsoft's
mitigation tools (EOMT, the Extended Protection script) leave `IISManagementRestoreCmdlets-*.json`
beside applicationHost.config: what they changed, so that it can be taken back. `agents.config`
below TransportRoles lists the transport agents with their assemblies; reference:
https://learn.microsoft.com/exchange/client-developer/transport-agents/agent
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.statement import Source, bounded
from extriage.parsers.xmlstream import Start, elements, root_of

KIND = "exchange-config"
_FIPFS = b"forefront/2010/1/fs-configuration"
_OVERRIDE = re.compile(r"\|NO\b")
_CMDLET = re.compile(rb'"Cmdlet"\s{0,40}:\s{0,40}"[A-Za-z]{2,10}-WebConfiguration')
_RULE = re.compile(r"\[@name='([^']{1,200})'\]")
_AGENTS = re.compile(rb"<(?:mexRuntime|agentList)\b|<agent\s[^<>]{0,4000}\bassemblyPath\s*=", re.I)
_ASSEMBLY = ("assemblyPath", "assembly", "path")
_FACTORY = ("classFactory", "transportAgentFactory", "agentFactory", "factory", "agentType")


def accepts(head: bytes, path: str) -> bool:
    """Tell whether a file is one of the three."""
    return _is_fipfs(head) or _is_backup(head) or _is_agents(head)


def _is_fipfs(head: bytes) -> bool:
    return root_of(head) == b"Configuration" and _FIPFS in head


def _is_backup(head: bytes) -> bool:
    return head.lstrip()[:1] in (b"[", b"{") and _CMDLET.search(head) is not None


def _is_agents(head: bytes) -> bool:
    return root_of(head) in (b"configuration", b"mexRuntime", b"agentList") and bool(
        _AGENTS.search(head)
    )


def read(document: Document) -> Iterator[Fact]:
    """Yield the facts; DocumentError for a damaged file, after what could be read."""
    if _is_agents(document.data[: 64 * 1024]):
        return bounded(_agents(document))
    if root_of(document.data[: 64 * 1024]):
        return bounded(_fipfs(document))
    return bounded(_backup(document))


def _fipfs(document: Document) -> Iterator[Fact]:
    source = Source(KIND, document.path)
    for event in elements(document.data):
        said = event.attributes.values() if isinstance(event, Start) else (event.text,)
        for text in said:
            if _OVERRIDE.search(text):
                yield source.fact(Subject.SETTING, "FIP-FS/override", text.strip(), event.line)
    yield source.fact(Subject.SETTING, "FIP-FS/Configuration.xml", "read", 1)


def _agents(document: Document) -> Iterator[Fact]:
    """Read transport agents: any element that names a factory and its assembly."""
    source = Source(KIND, document.path)
    for event in elements(document.data):
        if not isinstance(event, Start):
            continue
        assembly, factory = _first(event, _ASSEMBLY), _first(event, _FACTORY)
        if (event.name == "agent" and (assembly or factory)) or (assembly and factory):
            properties = {
                "AssemblyPath": assembly,
                "Factory": factory,
                "BaseType": event.attributes.get("baseType", ""),
                "Enabled": event.attributes.get("enabled", ""),
            }
            name = _first(event, ("name", "identity"))
            yield source.told(Subject.TRANSPORT_AGENT, name, assembly, event.line, properties)


def _first(event: Start, names: tuple[str, ...]) -> str:
    """Return an attribute under the first of its names, whatever the case."""
    low = {name.lower(): value for name, value in event.attributes.items()}
    return next((low[name.lower()] for name in names if name.lower() in low), "")


def _backup(document: Document) -> Iterator[Fact]:
    source = Source(KIND, document.path)
    try:
        found = msgspec.json.decode(document.data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DocumentError(f"is no well-formed JSON: {error}"[:300]) from error
    name = document.path.replace("\\", "/").rsplit("/", 1)[-1]
    for step in (found if isinstance(found, list) else [found])[:1000]:
        if changed := _changed(step):
            text = f"{name} can take back: {changed}"
            yield source.fact(Subject.MITIGATION, changed, "applied by script", 1, text)


def _changed(step: Any) -> str:
    """Name what a step of the restore file would take back."""
    parameters = step.get("Parameters") if isinstance(step, dict) else None
    if not isinstance(parameters, dict):
        return ""
    filtered = str(parameters.get("Filter", ""))
    rule = _RULE.search(filtered)
    where = str(parameters.get("Location") or parameters.get("PSPath") or "")
    if rule:
        return f"{where}: {rule[1]}"[:300]
    return f"{where}: {filtered.rsplit('/', 1)[-1]} {parameters.get('Name', '')}".strip()[:300]


READER = DocumentReader(accepts, read, 8 << 20)
