"""Classic events hold values without names: each gets the name that its own message gives it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_reading import EVIDENCE, event_records

from extriage.model.evidence import Fields
from extriage.parsers import event_record
from extriage.parsers.parameters import MOST, add_parameters, parameters, rendered
from extriage.parsers.positions import named_events

WEB = [
    "4009",
    "Viewstate verification failed. Reason: Viewstate was invalid.",
    "8/1/2025 9:05:01 AM",
    "8/1/2025 7:05:01 AM",
    "14cc57c05e834de98c7df506a013a706",
    "10",
    "1",
    "50204",
    "/LM/W3SVC/2/ROOT/ecp-3-1",
    "Full",
    "/ecp",
    "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\ClientAccess\\ecp\\",
    "EX01",
    "",
    "3640",
    "w3wp.exe",
    "NT AUTHORITY\\SYSTEM",
    "https://ex01:444/ecp/default.aspx?__VIEWSTATE=x",
    "/ecp/default.aspx",
    "203.0.113.9",
    "CONTOSO\\eve",
    "True",
    "Kerberos",
    "NT AUTHORITY\\SYSTEM",
    "Invalid viewstate.",
    "203.0.113.9",
    "14644",
    "python-requests/2.31",
    "/wEyxBEAAQAAAP////8BAAAAAAAAAAwCAAAA",
    "",
    "/ecp/default.aspx",
]
WANTED = {
    "EventCode": "4009",
    "EventMessage": "Viewstate verification failed. Reason: Viewstate was invalid.",
    "EventDetailCode": "50204",
    "MachineName": "EX01",
    "ProcessName": "w3wp.exe",
    "AccountName": "NT AUTHORITY\\SYSTEM",
    "RequestUrl": "https://ex01:444/ecp/default.aspx?__VIEWSTATE=x",
    "RequestPath": "/ecp/default.aspx",
    "UserHostAddress": "203.0.113.9",
    "User": "CONTOSO\\eve",
    "ClientIP": "203.0.113.9",
    "ClientPort": "14644",
    "UserAgent": "python-requests/2.31",
    "PersistedState": "/wEyxBEAAQAAAP////8BAAAAAAAAAAwCAAAA",
}
RENDERED = """Event code: 4009 \r
Event message: Viewstate verification failed. Reason: Viewstate was invalid. \r
Event detail code: 50204 \r
Application information: \r
    Machine name: EX01 \r
    Process name: w3wp.exe \r
    Account name: NT AUTHORITY\\SYSTEM \r
Request information: \r
    Request URL: https://ex01:444/ecp/default.aspx?__VIEWSTATE=x \r
    Request path: /ecp/default.aspx \r
    User host address: 203.0.113.9 \r
    User: CONTOSO\\eve \r
ViewStateException information: \r
    Client IP: 203.0.113.9 \r
    Port: 14644 \r
    User-Agent: python-requests/2.31 \r
    PersistedState: /wEyxBEAAQAAAP////8BAAAAAAAAAAwCAAAA \r
    Path: /ecp/default.aspx """


def read(provider: str, event: int, data: Any = None, **more: Any) -> Fields:
    """Read an event as an EVTX file has it."""
    system = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": event,
        "TimeCreated": {"#attributes": {"SystemTime": "2025-08-01T07:05:01Z"}},
        "Channel": "Application",
        "Computer": "EX01",
    }
    document: dict[str, Any] = {"Event": {"System": system, **more}}
    if data is not None:
        document["Event"]["EventData"] = {"Data": {"#text": data}}
    return event_record(json.dumps(document).encode(), "x.json", 1).fields


def told(fields: Fields, names: dict[str, str]) -> dict[str, object]:
    return {name: fields.get(name) for name in names}


def test_a_failed_view_state_is_named_whatever_form_it_came_in() -> None:
    joined = "-++-".join(["Event code: 4009", *WEB[1:]])
    for data in (WEB, [joined], ["1316 | Information | " + joined]):
        assert told(read("ASP.NET 4.0.30319.0", 1316, data), WANTED) == WANTED
    message = {"RenderingInfo": {"Message": RENDERED}}
    assert told(read("ASP.NET 4.0.30319.0", 1316, **message), WANTED) == WANTED
    commas = read("ASP.NET 4.0.30319.0", 1316, [", ".join(WEB)])
    assert (commas["EventCode"], commas["EventMessage"]) == (WEB[0], WEB[1])
    assert read("ASP.NET 2.0.50727.0", 1316, WEB)["PersistedState"] == WEB[28]
    assert "PersistedState" not in read("ASP.NET 4.0.30319.0", 1020, WEB)
    assert read("ASP.NET 4.0.30319.0", 1316)["EventID"] == "1316"


def test_a_failed_request_names_its_exception() -> None:
    data = [
        *WEB[:17],
        "HttpException",
        "A potentially dangerous value",
        *WEB[17:24],
        "26",
        "SYSTEM",
    ]
    fields = read("ASP.NET 4.0.30319.0", 1309, data)
    assert (fields["ExceptionType"], fields["ThreadId"]) == ("HttpException", "26")
    assert fields["RequestPath"] == "/ecp/default.aspx"
    logon = read("ASP.NET 4.0.30319.0", 1315, [*WEB[:24], "eve"])
    assert logon["NameToAuthenticate"] == "eve"


def test_the_control_panel_names_the_url_that_failed() -> None:
    url = "https://mxs01:444/ecp/about.aspx?a=]:444/ecp/tpy.js(https://localhost/ecp/tpy.js)"
    fields = read("MSExchange Control Panel", 4, ["dom/Users/eve", url, "System.Exception: no", ""])
    wanted = {"User": "dom/Users/eve", "RequestUrl": url, "Error": "System.Exception: no"}
    assert told(fields, wanted) == wanted
    message = (
        f"Current user: 'dom/Users/eve'\r\nRequest for URL '{url}' failed with the following error:"
        "\r\nSystem.Exception: no"
    )
    shown = read("MSExchange Control Panel", 4, RenderingInfo={"Message": message})
    assert told(shown, wanted) == wanted
    for joined in (message, f"dom/Users/eve, {url}, System.Exception: no"):
        assert told(read("MSExchange Control Panel", 4, [joined]), wanted) == wanted
    started = "Current User: 'S-1-5-18'\r\nX started in the thread 176.\r\nCommand: 'SetObject'"
    fields = read("MSExchange Control Panel", 47, RenderingInfo={"Message": started})
    assert (fields["User"], fields["Command"]) == ("S-1-5-18", "SetObject")
    assert "User" not in read("MSExchange Control Panel", 4, RenderingInfo={"Message": "no"})
    assert "User" not in read("MSExchange Control Panel", 5, ["a", "b"])


ENGINE = (
    "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n"
    "\tHostName=ConsoleHost\r\n\tHostVersion=5.1.17763.1\r\n\tHostId=1\r\n"
    "\tHostApplication=powershell.exe -c Add-PSSnapin\r\nMicrosoft.Exchange*\r\n"
    "\tEngineVersion=5.1\r\n\tRunspaceId=2\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandType=\r\n"
    "\tScriptName=\r\n\tCommandPath=\r\n\tCommandLine="
)


def test_the_classic_log_names_who_ran_the_engine() -> None:
    fields = read("PowerShell", 400, ["Available", "None", ENGINE])
    assert fields["HostApplication"] == "powershell.exe -c Add-PSSnapin\nMicrosoft.Exchange*"
    assert (fields["EngineVersion"], fields["NewEngineState"]) == ("5.1", "Available")
    assert "CommandLine" not in fields
    assert fields["Data"] == ("Available", "None", ENGINE)
    started = read("PowerShell", 600, ["Registry", "Started", ENGINE])
    assert (started["ProviderName"], started["HostName"]) == ("Registry", "ConsoleHost")
    ran = read("PowerShell", 800, ["Get-Mailbox", ENGINE, "CommandInvocation(Get-Mailbox)"])
    assert (ran["PipelineText"], ran["PipelineDetails"]) == (
        "Get-Mailbox",
        "CommandInvocation(Get-Mailbox)",
    )
    shown = read("PowerShell", 400, RenderingInfo={"Message": "Engine state …\r\n\r\n" + ENGINE})
    assert shown["HostName"] == "ConsoleHost"
    assert "HostName" not in read("PowerShell", 400, ["only"])


ENGLISH = (
    "Severity,Host Name,Host Version,Host ID,Host Application,Engine Version,Runspace ID,"
    "Pipeline ID,Command Name,Command Type,Script Name,Command Path,Sequence Number,User,"
    "Connected User,Shell ID"
)
FRENCH = (
    "Gravité,Nom d'hôte,Version de l'hôte,ID d'hôte,Application hôte,Version du moteur,"
    "ID d'instance d'exécution,ID de pipeline,Nom de commande,Type de commande,Nom du script,"
    "Chemin de la commande,Numéro de séquence,Utilisateur,Utilisateur connecté,ID d'environnement"
)
GIVEN = ["Informational", "ConsoleHost", "5.1", "1", "powershell.exe -c x", "5.1", "2", "5"]
GIVEN += [
    "Get-Mailbox",
    "Cmdlet",
    "C:\\x.ps1",
    "",
    "24",
    "CONTOSO\\eve",
    "",
    "Microsoft.PowerShell",
]


def context(names: str, extra: str = "") -> str:
    pairs = zip(names.split(","), GIVEN, strict=True)
    return "".join(f"        {name} = {value}\r\n{extra}" for name, value in pairs)


@pytest.mark.parametrize(
    "text", [context(ENGLISH), context(FRENCH), context(ENGLISH, "        $a = 1\r\n")]
)
def test_a_module_event_names_who_ran_the_command(text: str) -> None:
    data = {"EventData": {"ContextInfo": text, "UserData": "", "Payload": "CommandInvocation"}}
    fields = read("Microsoft-Windows-PowerShell", 4103, **data)
    wanted = {
        "HostApplication": "powershell.exe -c x",
        "CommandName": "Get-Mailbox",
        "ScriptName": "C:\\x.ps1",
        "User": "CONTOSO\\eve",
    }
    assert told(fields, wanted) == wanted
    assert fields["ContextInfo"] == text
    assert "User" not in read("Microsoft-Windows-PowerShell", 4104, **data)


def test_values_of_an_export_without_names_get_them_by_their_order() -> None:
    def exported(provider: str, event: int, *values: str) -> Fields:
        document = {
            "Id": event,
            "LogName": "Security",
            "ProviderName": provider,
            "MachineName": "EX01",
            "TimeCreated": "2025-08-01T07:05:01Z",
            "Properties": [{"Value": value} for value in values],
        }
        return event_record(json.dumps(document).encode(), "x", 1).fields

    security = "Microsoft-Windows-Security-Auditing"
    subject = ["S-1-5-18", "EX01$", "CONTOSO", "0x3e7"]
    logon = [*subject, "S-1-5-21-1", "eve", "CONTOSO", "0x1", "3", "NtLmSsp", "NTLM", "WS", "{0}"]
    logon += ["-", "NTLM V2", "128", "0x0", "-", "203.0.113.9", "4433"]
    fields = exported(security, 4624, *logon)
    names = ("TargetUserName", "LogonType", "WorkstationName", "IpAddress")
    assert [fields[name] for name in names] == ["eve", "3", "WS", "203.0.113.9"]
    member = exported(security, 4756, "CN=eve", "S-1-5-21-1", "Exchange", "C", "S-2", *subject, "-")
    assert (member["MemberName"], member["TargetUserName"], member["SubjectUserName"]) == (
        "CN=eve",
        "Exchange",
        "EX01$",
    )
    service = exported(
        "Service Control Manager", 7045, "x", "C:\\x.exe", "user", "auto", "LocalSystem"
    )
    assert (service["ServiceName"], service["ImagePath"]) == ("x", "C:\\x.exe")
    script = exported("Microsoft-Windows-PowerShell", 4104, "1", "2", "iex", "id", "")
    assert (script["ScriptBlockText"], script["MessageTotal"]) == ("iex", "2")
    task = exported("Microsoft-Windows-TaskScheduler", 200, "\\Winnet", "cmd.exe", "{1}")
    assert (task["TaskName"], task["ActionName"]) == ("\\Winnet", "cmd.exe")


def test_every_list_of_names_is_without_repetition() -> None:
    listed = list(named_events())
    assert {provider for provider, _, _ in listed} >= {"ASP.NET", "PowerShell", "MSExchange Common"}
    assert all(len(set(names)) == len(names) for _, _, names in listed)


def test_what_an_element_says_in_attributes_is_kept() -> None:
    data = {
        "CryptAcquireCertificatePrivateKey": {
            "#attributes": {"xmlns": "x"},
            "Certificate": {"#attributes": {"fileRef": "1.cer", "subjectName": "Auth"}},
            "EventAuxInfo": {"#attributes": {"ProcessName": "powershell.exe"}},
        },
        "Second": {"Certificate": {"#attributes": {"subjectName": "Root"}}},
    }
    fields = read("Microsoft-Windows-CAPI2", 70, UserData=data)
    assert fields["Certificate_subjectName"] == ("Auth", "Root")
    assert fields["EventAuxInfo_ProcessName"] == "powershell.exe"


def test_all_items_of_a_cmdlet_are_named() -> None:
    (record,) = event_records(EVIDENCE / "evtx" / "MSExchange_Management_wec.evtx")
    wanted = {
        "Cmdlet": "Set-Mailbox",
        "CmdletCaller": "ave.local/Users/Administrateur",
        "ClientApplication": "Remote-ManagementShell-Unknown",
        "ProcessId": "5668",
        "ProcessName": "w3wp#MSExchangePowerShellAppPool",
        "ActivityId": "a3591746-a27b-447a-b8be-ff54ae3a46f1",
        "OutputObjectCount": "0",
        "CultureInfo": "fr-FR",
        "Parameters.ForwardingSmtpAddress": "smtp:test2@example.com",
        "Parameters.DeliverToMailboxAndForward": "False",
        "CmdletResult": "success",
    }
    assert told(record.fields, wanted) == wanted
    failed = next(
        event_records(EVIDENCE / "evtx" / "ID6-Failed to install an Exchange transport agent.evtx")
    )
    assert str(failed.fields["Error"]).startswith("System.ArgumentException: The Transport Agent")
    assert (failed.fields["ErrorId"], failed.fields["CmdletResult"]) == (
        "NonLocalizedException",
        "failure",
    )


@pytest.mark.parametrize(
    ("event", "result", "text"),
    [
        (1, "success", "Cmdlet suceeded. "),
        (2, "success", "Cmdlet suceeded. "),
        (4, "stopped", None),
        (5, "stopped", None),
        (7, "failure", "Cmdlet failed. "),
        (8, "failure", "Cmdlet failed. "),
    ],
)
def test_the_event_id_tells_how_a_cmdlet_ended(event: int, result: str, text: str | None) -> None:
    fields = read("MSExchange CmdletLogs", event, ["Set-Mailbox", '-Identity "x"'])
    assert fields["CmdletResult"] == result
    message = fields.get("Message")
    assert message is None if text is None else str(message).startswith(text)


def test_evtxecmd_keeps_the_application_behind_the_caller() -> None:
    joined = (
        'Set-Mailbox, -Identity "a, b" -X "c", dom/Users/admin, S-1-5-21-1-500, S-1-5-21-1-500, '
        "Remote-ManagementShell-Unknown, 5668 w3wp#MSExchangePowerShellAppPool, , 5, 00:00:26.03, "
        "View Entire Forest: 'False', Default Scope: 'x'"
    )
    document = {
        "EventId": 1,
        "Channel": "MSExchange Management",
        "Provider": "MSExchange CmdletLogs",
        "Computer": "EX01",
        "TimeCreated": "2025-08-01T07:05:01Z",
        "Payload": json.dumps({"EventData": {"Data": joined}}),
    }
    fields = event_record(json.dumps(document).encode(), "x", 1).fields
    wanted = {
        "Parameters.Identity": "a, b",
        "CmdletCaller": "dom/Users/admin",
        "ClientApplication": "Remote-ManagementShell-Unknown",
        "ProcessName": "w3wp#MSExchangePowerShellAppPool",
        "Duration": "00:00:26.03",
    }
    assert told(fields, wanted) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("no dash", []),
        ("-A", [("A", ("",))]),
        ('-A ""', [("A", ("",))]),
        ('-A "', [("A", ("",))]),
        ('-A "cut', [("A", ("cut",))]),
        ('-A "x" -B "y"', [("A", ("x",)), ("B", ("y",))]),
        ('-A:"x"', [("A", ("x",))]),
        ('-U "<a b="c" d="e">" -I "O (D)"', [("U", ('<a b="c" d="e">',)), ("I", ("O (D)",))]),
        ('-M ("a","b -c","d") -F', [("M", ("a", "b -c", "d")), ("F", ("",))]),
        (
            '-T @{Add="a";R=("b","c")} -N $null',
            [("T", ('@{Add="a";R=("b","c")}',)), ("N", ("$null",))],
        ),
        ('-P AQI= -A "x"', [("P", ("AQI=",)), ("A", ("x",))]),
        ('-a -b -c "d" ', [("a", ("",)), ("b", ("",)), ("c", ("d",))]),
    ],
)
def test_parameters_are_taken_apart(text: str, wanted: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(parameters(text)) == wanted


def test_a_parameter_given_twice_keeps_both_values() -> None:
    fields: Fields = {"Parameters.B": "known"}
    add_parameters(fields, [("A", ("1",)), ("B", ("2",)), ("A", ("3",))])
    assert fields == {"Parameters.A": ("1", "3"), "Parameters.B": "known"}


NAMES = st.from_regex(r"[A-Z][a-z]{0,8}", fullmatch=True)


@given(st.lists(st.tuples(NAMES, st.text(alphabet='ab/:@<>.="( ', max_size=12)), max_size=6))
def test_what_is_rendered_is_read_back(pairs: list[tuple[str, str]]) -> None:
    assert list(parameters(rendered(pairs))) == [(name, (value,)) for name, value in pairs] or any(
        '"' in value for _, value in pairs
    )


@given(st.text(alphabet='-aA "(),;={}@$\n', max_size=80))
def test_no_text_stops_the_reader_of_parameters(text: str) -> None:
    assert len(list(parameters(text))) <= MOST


@pytest.mark.parametrize(
    "piece", ['-A "', '" -', '"', "-A (", '" ', "-A @{", "-A -", "(", ' -A "x']
)
def test_hostile_parameters_take_no_long_time(piece: str) -> None:
    start = time.process_time()
    list(parameters('-A "' + piece * 50_000))
    list(parameters(piece * 50_000))
    assert time.process_time() - start < 3


PROVIDERS = st.sampled_from(
    ["ASP.NET 4.0.30319.0", "MSExchange Control Panel", "PowerShell", "Windows Error Reporting"]
    + ["Microsoft-Windows-PowerShell", "MSExchange CmdletLogs", "MSExchange Common"]
)
EVENTS = st.sampled_from([1, 4, 6, 47, 400, 600, 800, 1001, 1309, 1316, 4103, 4104, 4999])
TEXTS = st.text(alphabet="aZ=:'-+ \r\n\t4,|", max_size=60) | st.sampled_from([RENDERED, ENGINE])


@settings(max_examples=200, deadline=None)
@given(PROVIDERS, EVENTS, st.lists(TEXTS, max_size=40), TEXTS)
def test_no_data_stops_what_names_it(provider: str, event: int, data: list[str], text: str) -> None:
    more = {"RenderingInfo": {"Message": text}, "UserData": {"ContextInfo": text}}
    for value in read(provider, event, data, **more).values():
        assert isinstance(value, str) or all(isinstance(one, str) for one in value)
