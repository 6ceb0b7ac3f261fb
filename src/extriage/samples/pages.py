"""Files of the server: the dump that a reset wrote, its compile record, and benign pages.

What looks like a web shell here is inert: an opened bracket is never closed, so no script engine
compiles it. The tell-tale words are put together when a sample is written, so that no antivirus
finds them in this package.
"""

from datetime import datetime

from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, later


def markup(parameter: str = "inert-sample") -> str:
    """Return text shaped like the known one-line shell, which does not compile.

    `parameter` is what it would take its orders from: its password.
    """
    words = ("scr", "ipt")
    tag = "".join(words)
    # NOTE: `Request[` is left open on purpose
    body = "".join(("ev", "al(Req", f'uest["{parameter}","uns', 'afe");'))
    return (
        f'http://f.example/#<{tag} language="JScr{words[1]}" runat="server">'
        f"function Page_Load(){{/**/{body}}}</{tag}>"
    )


def directory_dump(ledger: Ledger, url: str, time: datetime) -> str:
    """Return what Exchange writes when an offline address book's directory is reset."""
    org, spec = ledger.org, ledger.spec
    changed = later(time, -1500)
    site = f"IIS://{org.fqdn}/W3SVC/1/ROOT/OAB"
    name = "OAB (Default Web Site)"
    group = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
    distinguished = (
        f"CN={name},CN=HTTP,CN=Protocols,CN={org.server},CN=Servers,CN={group},"
        f"CN=Administrative Groups,CN={org.netbios},CN=Microsoft Exchange,CN=Services,"
        "CN=Configuration," + ",".join(f"DC={part}" for part in org.domain.split("."))
    )
    rows = {
        "Name": name,
        "PollInterval": "480",
        "OfflineAddressBooks": "\\Default Offline Address Book",
        "RequireSSL": "True",
        "BasicAuthentication": "False",
        "WindowsAuthentication": "True",
        "OAuthAuthentication": "True",
        "MetabasePath": site,
        "Path": f"{spec.install}FrontEnd\\HttpProxy\\OAB",
        "ExtendedProtectionTokenChecking": "None",
        "ExtendedProtectionFlags": "",
        "ExtendedProtectionSPNList": "",
        "AdminDisplayVersion": f"Version {'.'.join(str(n) for n in spec.number[:2])} "
        f"(Build {spec.number[2]}.{spec.number[3]})",
        "Server": org.server,
        "InternalUrl": f"https://{org.fqdn}/OAB",
        "InternalAuthenticationMethods": "WindowsIntegrated",
        "ExternalUrl": url,
        "ExternalAuthenticationMethods": "WindowsIntegrated",
        "AdminDisplayName": "",
        "ExchangeVersion": "0.10 (14.0.100.0)",
        "DistinguishedName": distinguished,
        "Identity": f"{org.server}\\{name}",
        "ObjectCategory": f"{org.domain}/Configuration/Schema/ms-Exch-OAB-Virtual-Directory",
        "ObjectClass": "top\r\nmsExchVirtualDirectory\r\nmsExchOABVirtualDirectory",
        "WhenChanged": f"{changed:%m/%d/%Y %H:%M:%S}",
        "WhenCreated": "11/04/2019 08:12:31",
        "OriginatingServer": org.controller,
        "IsValid": "True",
    }
    return "\r\n".join(f"{key:<32}: {value}" for key, value in rows.items()) + "\r\n"


def benign(ledger: Ledger, rng: Dice) -> None:
    """Lay down pages and a dump that no intruder wrote."""
    time, org = ledger.spec.start, ledger.org
    code = f"HelpDesk_{rng.randrange(10, 99)}"
    form = (
        f'<%@ Page Language="C#" Inherits="{code}.Default" %>\r\n'
        "<html><head><title>Help desk</title></head><body>\r\n"
        '<form id="ticket" runat="server"><asp:TextBox ID="Subject" runat="server" /></form>\r\n'
        "</body></html>\r\n"
    )
    ledger.page("C:\\inetpub\\wwwroot\\helpdesk\\default.aspx", time, form, None)
    ledger.page(
        "C:\\inetpub\\wwwroot\\iisstart.htm", time, "<html><body>IIS</body></html>\r\n", None
    )
    dump = directory_dump(ledger, f"https://{org.public}/OAB", time)
    ledger.page("C:\\Users\\Administrator\\Documents\\oab-before-change.txt", time, dump, None)
