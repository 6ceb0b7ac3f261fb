"""Writes the acts of an audit as the programs do that analysts get them from.

Shapes of the values: Microsoft's description of the administrator and mailbox audit logs,
https://learn.microsoft.com/exchange/policy-and-compliance/admin-audit-logging/log-structure
"""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Act = dict[str, Any]

EXPORT: Act = {
    "ObjectModified": "contoso.example/Users/david",
    "CmdletName": "New-MailboxExportRequest",
    "CmdletParameters": [
        {"Name": "Mailbox", "Value": "david"},
        {"Name": "FilePath", "Value": r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x & <y>.aspx"},
    ],
    "ModifiedProperties": [{"Name": "Quota", "OldValue": "35 GB", "NewValue": "10 GB"}],
    "Caller": "contoso.example/Users/Administrator",
    "Succeeded": True,
    "Error": None,
    "RunDate": "2021-08-18T15:48:15-07:00",
    "OriginatingServer": "EX01 (15.01.2242.012)",
}
FAILED: Act = {
    **EXPORT,
    "CmdletName": "New-ManagementRoleAssignment",
    "CmdletParameters": [{"Name": "Role", "Value": "Mailbox Import Export"}],
    "Succeeded": False,
    "RunDate": "2021-08-18T22:40:00Z",
}
DELETED: Act = {
    "Operation": "HardDelete",
    "OperationResult": "Succeeded",
    "LogonType": "Admin",
    "ExternalAccess": False,
    "FolderPathName": r"\Recoverable Items\Deletions",
    "ClientInfoString": "Client=OWA;Action=ViaProxy",
    "ClientIPAddress": "203.0.113.9",
    "MailboxOwnerUPN": "david@contoso.example",
    "LogonUserDisplayName": "Administrator",
    "LastAccessed": "2021-08-18T15:50:00-07:00",
    "SourceItems": [{"ItemSubject": "Notification of litigation hold"}],
}
ACTS = [EXPORT, FAILED, DELETED]


def xml(acts: list[Act]) -> bytes:
    """Write `SearchResult.xml` as Exchange mails it."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<SearchResults>"]
    for act in acts:
        plain = {"CmdletName": "Cmdlet"}
        told = {
            plain.get(name, name): "true" if value is True else "false" if value is False else value
            for name, value in act.items()
            if not isinstance(value, list) and value is not None
        }
        lines.append("  <Event " + " ".join(f"{k}={quoteattr(v)}" for k, v in told.items()) + ">")
        for name, tag in (("CmdletParameters", "Parameter"), ("ModifiedProperties", "Property")):
            rows = act.get(name, [])
            cells = [" ".join(f"{k}={quoteattr(v)}" for k, v in row.items()) for row in rows]
            inner = "".join(f"\n      <{tag} {cell} />" for cell in cells)
            lines.append(f"    <{name}>{inner}</{name}>")
        subjects = [row["ItemSubject"] for row in act.get("SourceItems", [])]
        lines += [f'    <SourceItems><ItemId Subject="{one}" /></SourceItems>' for one in subjects]
        lines.append("  </Event>")
    return "\r\n".join([*lines, "</SearchResults>"]).encode()


def clixml(acts: list[Act], *, listed: bool = False) -> bytes:
    """Write what `Export-Clixml` makes of the results; `listed` as one list."""
    inner = "".join(_object(act, "") for act in acts)
    if listed:
        inner = f'<Obj RefId="9"><LST>{inner}</LST></Obj>'
    space = "http://schemas.microsoft.com/powershell/2004/04"
    return f'<Objs Version="1.1.0.1" xmlns="{space}">\n{inner}</Objs>'.encode()


def _object(act: Act, name: str) -> str:
    values = []
    for key, value in act.items():
        if isinstance(value, list):
            rows = "".join(_object(row, "") for row in value)
            values.append(f'<Obj N="{key}" RefId="1"><TNRef RefId="0" /><LST>{rows}</LST></Obj>\n')
        elif value is None:
            values.append(f'<Nil N="{key}" />')
        elif isinstance(value, bool):
            values.append(f'<B N="{key}">{"true" if value else "false"}</B>\n')
        else:
            tag = "DT" if key in ("RunDate", "LastAccessed") else "S"
            values.append(f'<{tag} N="{key}">{escape(value)}</{tag}>\n')
    named = f' N="{name}"' if name else ""
    types = '<TN RefId="0"><T>Deserialized.AuditEvent</T><T>System.Object</T></TN>'
    return f'<Obj{named} RefId="0">{types}<Props>{"".join(values)}</Props></Obj>\n'


def array(acts: list[Act]) -> bytes:
    """Write what `ConvertTo-Json` makes of them, over many lines."""
    return json.dumps(acts, indent=4).encode()


def windows_json(acts: list[Act]) -> bytes:
    """Write them as Windows PowerShell does: dates as numbers, lists in objects."""

    def changed(name: str, value: Any) -> Any:
        if name in ("RunDate", "LastAccessed"):
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return f"/Date({round(moment.timestamp() * 1000)})/"
        return {"value": value, "Count": len(value)} if name == "CmdletParameters" else value

    return json.dumps([{k: changed(k, v) for k, v in act.items()} for act in acts]).encode()


def lines(acts: list[Act]) -> bytes:
    """Write one act on each line."""
    return b"\n".join(json.dumps(act).encode() for act in acts) + b"\n"


def unified(acts: list[Act]) -> bytes:
    """Write the CSV of `Search-UnifiedAuditLog`, the act as JSON in one column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["RecordType", "CreationDate", "UserIds", "Operations", "AuditData", "ResultIndex"]
    )
    for act in acts:
        operation = act.get("CmdletName") or act["Operation"]
        data = {
            **act,
            "CreationTime": act.get("RunDate") or act["LastAccessed"],
            "Operation": operation,
            "Parameters": act.get("CmdletParameters", []),
            "UserId": act.get("Caller") or act["LogonUserDisplayName"],
        }
        data.pop("CmdletParameters", None)
        writer.writerow(
            ["ExchangeAdmin", "8/18/2021", data["UserId"], operation, json.dumps(data), 1]
        )
    return ("\ufeff" + out.getvalue()).encode()


SHAPES: dict[str, Callable[[list[Act]], bytes]] = {
    "xml": xml,
    "clixml": clixml,
    "clixml_list": lambda acts: clixml(acts, listed=True),
    "array": array,
    "windows_json": windows_json,
    "lines": lines,
    "unified": unified,
}
