"""ECP server log: what the control panel did, cmdlet by cmdlet; UTC."""

from dataclasses import dataclass
from datetime import datetime

from extriage.model.exchange import BuildNumber
from extriage.samples.organisation import Organisation, stamp
from extriage.samples.spec import dotted


@dataclass(frozen=True, slots=True)
class Command:
    """One cmdlet that a request to the control panel started."""

    time: datetime
    took: int
    session: str
    cmdlet: str
    """As the log joins it: `Verb-Noun.Parameter='value'.Parameter='value'`."""
    url: str
    activity: str
    referrer: str = ""
    error: str = ""


def head(first: datetime) -> list[str]:
    """Return the comment block; its version is the same on every build."""
    return [
        "#Software: Microsoft Exchange Server",
        "#Version: 15.0.0.0",
        "#Log-type: ECP Server Log",
        f"#Date: {stamp(first)}",
        "#Fields: TimeStamp,ServerName,EventId,EventData",
    ]


def row(org: Organisation, build: BuildNumber, command: Command) -> str:
    """Return the line of one cmdlet."""
    old = build[:3] == (15, 0, 847)
    pairs = [
        ("TIME", str(command.took)),
        ("SID", command.session),
        ("CMD", command.cmdlet),
        ("REQID", ""),
        ("URL", command.url),
        *([] if old else [("REFERRER", command.referrer)]),
        ("EX", command.error),
        ("ACTID", command.activity),
        ("RS", "0"),
        ("BLD", dotted(build)),
    ]
    if not old:
        pairs += [("TNAME", "<null>"), ("TID", ""), ("USID", ""), ("EDOID", ""), ("ACID", "")]
    data = ";".join(_pair(f"S:{key}={value}") for key, value in pairs)
    return f"{stamp(command.time)},{org.server},ECP.Request,{_cell(data)}"


def _pair(pair: str) -> str:
    if "'" in pair or ";" in pair:
        return "'" + pair.replace("'", "''") + "'"
    return pair


def _cell(data: str) -> str:
    if '"' in data or "," in data:
        return '"' + data.replace('"', '""') + '"'
    return data
