"""What IIS runs and writes, as applicationHost.config and every web.config say it alike.

Handlers and modules decide which code sees a request, `httpLogging` whether anybody learns of it,
`machineKey` whose ViewState is believed. Reference: Microsoft's IIS configuration reference.
"""

from collections.abc import Iterator

from extriage.model.state import Fact, Subject
from extriage.parsers.machinekey import described, measured
from extriage.parsers.statement import Source
from extriage.parsers.websettings import setting_facts
from extriage.parsers.xmlstream import Start

_HANDLERS = ("handlers", "httpHandlers")
_MODULES = ("modules", "httpModules")
_LOGGING = ("dontLog", "selectiveLogging")


def element_facts(source: Source, event: Start, where: str) -> Iterator[Fact]:
    """Yield what one element says of a directory or of all sites."""
    parent = event.path[-2] if len(event.path) > 1 else ""
    attributes, line = event.attributes, event.line
    if event.name == "add" and parent in _HANDLERS:
        yield _handler(source, event, where)
    elif event.name == "add" and parent in _MODULES and attributes.get("type"):
        name = attributes.get("name", "")
        properties = {
            "Location": where,
            "Module": name,
            "Type": attributes["type"],
            "PreCondition": attributes.get("preCondition", ""),
        }
        subject = Subject.MANAGED_MODULE
        yield source.told(subject, f"{where}: {name}", attributes["type"], line, properties)
    elif event.name == "httpLogging":
        for name in sorted(set(_LOGGING) & attributes.keys()):
            yield logging_fact(source, where, f"httpLogging/{name}", attributes[name], line)
    elif event.name == "machineKey":
        said = described(attributes)
        yield source.fact(Subject.SETTING, f"machineKey/{where}", said, line)
        properties = {"Location": where, **measured(attributes)}
        yield source.told(Subject.MACHINE_KEY, where, said, line, properties)
    else:
        yield from setting_facts(source, event, where)


def logging_fact(source: Source, where: str, name: str, value: str, line: int) -> Fact:
    """Say how logs are written: `name` is the element and its attribute."""
    properties = {"Location": where, "Setting": name.rpartition("/")[2]}
    return source.told(Subject.LOGGING, f"{where}/{name}", value, line, properties)


def _handler(source: Source, event: Start, where: str) -> Fact:
    told = event.attributes.get
    name = told("name", "") or f"{told('verb', '')} {told('path', '')}".strip()
    properties = {
        "Location": where,
        "Handler": name,
        "Path": told("path", ""),
        "Verb": told("verb", ""),
        "Type": told("type", ""),
        "Modules": told("modules", ""),
        "ScriptProcessor": told("scriptProcessor", ""),
        "PreCondition": told("preCondition", ""),
    }
    value = properties["Type"] or properties["ScriptProcessor"] or properties["Modules"]
    return source.told(Subject.HANDLER, f"{where}: {name}", value, event.line, properties)
