"""Setting overrides: administrators' switches, with which a fix can be turned off again.

`Get-SettingOverride` lists what is set in the organisation, `Get-ExchangeDiagnosticInfo` what one
running process of one server took in, and which build that process is.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from extriage.model.state import Fact, Subject
from extriage.parsers.base import DocumentError
from extriage.parsers.clixml import Bag
from extriage.parsers.statement import Source, short_name
from extriage.parsers.xmlstream import Start, elements

LISTED = "SettingOverrides/listed"
"""Name of the fact that says how many overrides a list held, none included."""
_BUILD = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,5}\.\d{1,5}")
_MANY = 500


def setting_override(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read one override; the bounds of builds stand behind its parameters."""
    component, section = bag.one("ComponentName"), bag.one("SectionName")
    bounds = ("MinVersion", "MaxVersion", "FixVersion")
    parameters = [*bag.all("Parameters"), *(f"{b}={bag.one(b)}" for b in bounds if bag.one(b))]
    status = bag.one("Status") or "Accepted"
    servers = [one for one in bag.all("Server") if one] or [""]
    for server in servers[:_MANY]:
        known = replace(source, computer=short_name(server) or source.computer)
        what = (component, section, parameters, status)
        yield _override(known, what, bag.at("Parameters"), bag.one("Name"))
    yield source.fact(Subject.SETTING, LISTED, "Get-SettingOverride", bag.line)


def diagnostics(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read the overrides that a running process has, and its build."""
    try:
        yield from _diagnostics(bag, source)
    except DocumentError:
        # NOTE: a result that was cut says nothing that could be relied on further.
        return


def _diagnostics(bag: Bag, source: Source) -> Iterator[Fact]:
    held: dict[str, list[str]] = {}
    time: datetime | None = None
    for event in elements(bag.one("Result").encode("utf-8", "replace")):
        if isinstance(event, Start):
            if event.name == "SettingOverride":
                held = {}
            elif event.name == "Overrides" and "VariantConfiguration" in event.path:
                yield source.fact(Subject.SETTING, LISTED, "running process", bag.line)
            continue
        text = event.text.strip()
        if event.name == "serverName":
            source = replace(source, computer=short_name(text))
        elif event.name == "currentTime":
            time = _time(text)
        elif event.name == "fastTrainExchangeVersion" and _BUILD.fullmatch(text):
            yield _running(source, text, time, bag.line)
        elif event.name == "SettingOverride":
            what = (
                _one(held, "ComponentName"),
                _one(held, "SectionName"),
                held.get("Parameter", []),
            )
            yield _override(source, (*what, _one(held, "Status")), bag.line, _one(held, "Name"))
        else:
            held.setdefault(event.name, []).append(text)


def _running(source: Source, build: str, time: datetime | None, line: int) -> Fact:
    text = f"running process on {source.computer}: {build}"
    if time is None:
        return source.fact(Subject.BUILD, "running process", build, line, text)
    return source.fact(Subject.BUILD, "running process", build, line, text, time=time)


def _override(source: Source, what: tuple[str, str, list[str], str], line: int, name: str) -> Fact:
    component, section, parameters, status = what
    value = "; ".join(parameters[:50])
    if status and status != "Accepted":
        value = f"not in force ({status}): {value}"
    text = f"{name}: {component}/{section} {value}"
    return source.fact(Subject.SETTING_OVERRIDE, f"{component}/{section}", value, line, text)


def _one(held: dict[str, list[str]], name: str) -> str:
    return held.get(name, [""])[0]


def _time(text: str) -> datetime | None:
    """Read a time with seven decimals and `Z`."""
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        return None
