"""MSExchange Management: which cmdlet was run on the server, by whom, and whether it worked.

The event log holds 27 data items without names; exports keep only the rendered sentence, whose
misspelling ("suceeded") is Exchange's own.
"""

import re

from extriage.model.evidence import Fields

PROVIDER = "MSExchange CmdletLogs"

_RENDERED = re.compile(r"Cmdlet (?:suc+eeded|failed)\. Cmdlet (\S+), parameters (.*)", re.DOTALL)
_NAME = re.compile(r"\b([A-Z][A-Za-z]{1,30}-[A-Z][A-Za-z0-9]{1,60})\b")
_FIRST_PARAMETER = re.compile(r"-[A-Za-z]{1,60} [\"(]")
_RESULTS = {1: "success", 6: "failure", 8: "failure"}


def decode(fields: Fields, event_id: int) -> None:
    """Name what the event says of a cmdlet: from its data, else from its rendered text."""
    data = fields.get("Data", ())
    items = (data,) if isinstance(data, str) else data
    message = fields.get("Message", "")
    if len(items) >= 2 and items[0]:
        fields["Cmdlet"], fields["Parameters"] = items[0], items[1]
        if len(items) > 2:
            fields["CmdletCaller"] = items[2]
    elif isinstance(message, str) and message:
        _read_rendered(fields, message)
    if result := _RESULTS.get(event_id):
        fields["CmdletResult"] = result
    if not message and "Cmdlet" in fields:
        outcome = "suceeded" if event_id == 1 else "failed"
        name, parameters = fields["Cmdlet"], fields["Parameters"]
        fields["Message"] = f"Cmdlet {outcome}. Cmdlet {name}, parameters {parameters}."


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
