"""Switches of IIS and ASP.NET that decide what becomes code and who may ask for it.

A request filter keeps `web.config` from visitors, a build provider turns any extension into code,
an encoding decides what the bytes of a page mean, ISAPI filters see each request. All of them
stand alike in applicationHost.config and in every web.config. References: Microsoft's IIS
configuration reference; the schema of `system.web` and `runtime` in Microsoft's .NET documentation.
"""

import re
from collections.abc import Iterator, Mapping

from extriage.model.state import Fact, Subject
from extriage.parsers.statement import Source
from extriage.parsers.xmlstream import Start

_LISTS: Mapping[str, tuple[str, str]] = {
    "hiddenSegments": ("segment", ""),
    "fileExtensions": ("fileExtension", "allowed"),
    "denyUrlSequences": ("sequence", ""),
    "buildProviders": ("extension", "type"),
    "folderLevelBuildProviders": ("name", "type"),
    "expressionBuilders": ("expressionPrefix", "type"),
    "compilers": ("extension", "type"),
    "environmentVariables": ("name", "value"),
    "isapiFilters": ("name", ""),
    "modules": ("name", ""),
}
"""Lists, with the attribute that names an entry and the one that says what it is."""
_ADDED_ELSEWHERE = ("isapiFilters", "modules")
"""Of these only what is taken away is told here; what is added has a fact of its own."""
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "globalization": ("fileEncoding", "requestEncoding", "responseEncoding"),
    "pages": ("enableViewStateMac", "pageParserFilterType", "pageBaseType", "userControlBaseType"),
    "isapiCgiRestriction": ("notListedIsapisAllowed", "notListedCgisAllowed"),
    "codeBase": ("href",),
    "appDomainManagerType": ("value",),
    "appDomainManagerAssembly": ("value",),
    "handlers": ("accessPolicy",),
    "proxy": ("enabled",),
    "trust": ("level",),
}
_CODE = ("type", "factory", "service", "assembly", "encoderType", "requestValidationType")
"""Attributes of any element that name code, which ASP.NET then loads."""
_TOLD = frozenset({*_LISTS, "handlers", "httpHandlers", "httpModules", "globalModules"})
"""Lists of code that have facts of their own."""
_KNOWN = re.compile(r"(?:System|Microsoft|mscorlib|netstandard)\b", re.IGNORECASE)
_TYPE = re.compile(r"[A-Za-z_]\w{0,100}(?:[.+,]\s{0,9}[\w`=]{1,100})+")
_OUTSIDE = frozenset({"handlers", "httpHandlers", "modules", "httpModules", "isapiFilters"})
_OUTSIDE |= frozenset({"compilation", "pages", "buildProviders"})
"""Sections of which it matters that they stand in a file of their own."""
_ACTIONS = {"add": "add", "compiler": "add", "remove": "remove", "clear": "clear"}


def setting_facts(source: Source, event: Start, where: str) -> Iterator[Fact]:
    """Yield what one element says; `where` is the site or directory that it holds for."""
    parent = event.path[-2] if len(event.path) > 1 else ""
    if event.name == "filter" and parent == "isapiFilters":
        yield _filter(source, event, where)
    elif event.name == "add" and parent == "isapiCgiRestriction":
        yield _restriction(source, event, where)
    elif parent in _LISTS and event.name in _ACTIONS:
        yield from _entry(source, event, where, parent)
    else:
        if parent not in _TOLD:
            yield from _code(source, event, where)
        if event.name in _OUTSIDE and (outside := event.attributes.get("configSource")):
            yield _fact(source, event, where, (event.name, "set", "configSource", outside))
        for name in _ATTRIBUTES.get(event.name, ()):
            if name in event.attributes:
                value = event.attributes[name]
                yield _fact(source, event, where, (event.name, "set", name, value))


def _entry(source: Source, event: Start, where: str, section: str) -> Iterator[Fact]:
    action = _ACTIONS[event.name]
    key, value = _LISTS[section]
    if action == "add" and section in _ADDED_ELSEWHERE:
        return
    told = event.attributes.get
    yield _fact(source, event, where, (section, action, told(key, ""), told(value, "")))


def _code(source: Source, event: Start, where: str) -> Iterator[Fact]:
    """Yield the code that an element names, unless it is Microsoft's."""
    for name in _CODE:
        value = event.attributes.get(name, "")
        if not value or value == "*" or _KNOWN.match(value):
            continue
        if name == "assembly" or _TYPE.match(value):
            key = "/".join((*event.path[-2:], name))
            yield _fact(source, event, where, ("code", "add", key, value))


def _fact(source: Source, event: Start, where: str, said: tuple[str, str, str, str]) -> Fact:
    element, action, key, value = said
    name = f"{where}/{element}/{key}" if key else f"{where}/{element}"
    properties = {"Location": where, "Element": element, "Action": action, "Key": key}
    told = value if action in ("add", "set") else action
    return source.told(Subject.WEB_SETTING, name, told, event.line, properties)


def _filter(source: Source, event: Start, where: str) -> Fact:
    told = event.attributes.get
    name, image = told("name", ""), told("path", "")
    properties = {
        "Location": where,
        "Filter": name,
        "Path": image,
        "Enabled": told("enabled", "true"),
    }
    return source.told(Subject.ISAPI_FILTER, f"{where}: {name}", image, event.line, properties)


def _restriction(source: Source, event: Start, where: str) -> Fact:
    told = event.attributes.get
    image = told("path", "")
    properties = {
        "Location": where,
        "Path": image,
        "Allowed": told("allowed", ""),
        "Description": told("description", ""),
    }
    value = properties["Allowed"]
    return source.told(
        Subject.ISAPI_RESTRICTION, f"{where}: {image}", value, event.line, properties
    )
