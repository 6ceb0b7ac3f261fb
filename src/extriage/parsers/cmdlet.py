"""MSExchange Management: which cmdlet was run on the server, by whom, and whether it worked.

The event log holds 27 data items without names; exports keep only the rendered sentence, whose
misspelling ("suceeded") is Exchange's own. Samples with all items: the evtx library's and
EVTX-to-MITRE-Attack's, https://github.com/omerbenamram/evtx.
"""

import re

from extriage.model.evidence import Fields
from extriage.parsers.base import names
from extriage.parsers.parameters import add_parameters, parameters

PROVIDER = "MSExchange CmdletLogs"

_ITEMS = names("""
    Cmdlet,Parameters,CmdletCaller,LogonUserSid,ExecutingUserSid,ClientApplication,Process,
    Organization,ThreadId,Duration,ADServerSettings,Error,ErrorCategory,InnerError,ErrorId,
    AdditionalLogData,ThrottlingInfo,IsOutputObjectRedacted,CmdletProxyInfo,ProxiedObjects,
    RequestFilter,CmdletFilter,OutputObjectCount,ActivityId,RbacInformation,ClientRequestId,
    CultureInfo""")
"""The data items in their order; localised are the texts of `ADServerSettings` and `Error`."""

_RENDERED = re.compile(r"Cmdlet (?:suc+eeded|failed)\. Cmdlet (\S+), parameters (.*)", re.DOTALL)
_NAME = re.compile(r"\b([A-Z][A-Za-z]{1,30}-[A-Z][A-Za-z0-9]{1,60})\b")
_FIRST_PARAMETER = re.compile(r"-[A-Za-z]{1,60} [\"(]")
_RESULTS = {
    1: "success",
    2: "success",
    3: "success",
    4: "stopped",
    5: "stopped",
    6: "failure",
    7: "failure",
    8: "failure",
}
"""What an event id says of the cmdlet; 2, 3 and 7 are the quiet kinds of 1 and 6 (Get-…)."""
_OUTCOMES = {"success": "suceeded", "failure": "failed"}


def named() -> tuple[str, ...]:
    """Return the names that the data items are given, for documents."""
    items = [name for name in _ITEMS if name != "Process"]
    return (*items, "ProcessId", "ProcessName", "Parameters.<Name>", "CmdletResult")


def decode(fields: Fields, event_id: int) -> None:
    """Name what the event says of a cmdlet: from its data, else from its rendered text."""
    data = fields.get("Data", ())
    items = (data,) if isinstance(data, str) else data
    message = fields.get("Message", "")
    if len(items) >= 2 and items[0]:
        _name_items(fields, items)
    elif isinstance(message, str) and message:
        _read_rendered(fields, message)
    if result := _RESULTS.get(event_id):
        fields["CmdletResult"] = result
    outcome = _OUTCOMES.get(result or "failure")
    if not message and outcome and "Cmdlet" in fields:
        name, told = fields["Cmdlet"], fields["Parameters"]
        fields["Message"] = f"Cmdlet {outcome}. Cmdlet {name}, parameters {told}."
    told = fields.get("Parameters", "")
    if isinstance(told, str) and told:
        add_parameters(fields, parameters(told))


def _name_items(fields: Fields, items: tuple[str, ...]) -> None:
    fields["Cmdlet"], fields["Parameters"] = items[0], items[1]
    for name, value in zip(_ITEMS[2:], items[2:], strict=False):
        if not value:
            continue
        if name == "Process":
            number, _, program = value.partition(" ")
            fields.setdefault("ProcessId", number)
            fields.setdefault("ProcessName", program)
        elif name == "ActivityId":
            fields.setdefault(name, value.removeprefix("ActivityId:").strip())
        else:
            fields.setdefault(name, value)


def _read_rendered(fields: Fields, message: str) -> None:
    found = _RENDERED.match(message)
    if found:
        fields["Cmdlet"], fields["Parameters"] = found[1], found[2].rstrip().removesuffix(".")
        return
    # NOTE: the sentence around name and parameters may be in another language.
    named = _NAME.search(message)
    if named:
        first = _FIRST_PARAMETER.search(message, named.end())
        fields["Cmdlet"] = named[1]
        rest = message[first.start() :].rstrip().removesuffix(".") if first else ""
        fields["Parameters"] = rest
