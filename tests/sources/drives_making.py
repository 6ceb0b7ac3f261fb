"""A server over two drives, everything moved away from where Setup puts it, and its registry."""

from collections.abc import Mapping
from pathlib import Path

from hive_building import Node, Value, hive, tree

NT = r"Microsoft\Windows NT\CurrentVersion"
IIS = """<configuration><system.applicationHost><sites>
<site name="Default Web Site" id="1">
<application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\wwwroot" />
</application>
<application path="/owa">
<virtualDirectory path="/" physicalPath="E:\\Mail\\FrontEnd\\HttpProxy\\owa" /></application>
<application path="/intra"><virtualDirectory path="/" physicalPath="e:\\web\\intra" /></application>
</site>
<site name="Exchange Back End" id="2"><logFile directory="%LogHome%\\back" /></site>
<siteDefaults><logFile logFormat="W3C" directory="E:\\IISLogs" /></siteDefaults>
</sites></system.applicationHost></configuration>
"""
OWA = '<configuration><appSettings><add key="HttpProxy.LogFolderPath" value="E:\\ProxyLogs" />' \
    "</appSettings></configuration>"  # fmt: skip
KEEP = {
    "E/Mail/Logging/Ews/Ews_2023-1.LOG",
    "E/Mail/FrontEnd/HttpProxy/owa/auth/logon.aspx",
    "E/Mail/FrontEnd/HttpProxy/owa/web.config",
    "E/IISLogs/W3SVC1/u_ex230101.log",
    "E/back/W3SVC2/u_ex230101.log",
    "E/web/intra/x.aspx",
    "E/ProxyLogs/HttpProxy_1.LOG",
    "E/EventLogs/Application.evtx",
    "C/Windows/System32/winevt/Logs/Security.evtx",
    "C/inetpub/wwwroot/iisstart.htm",
}
"""Files that a triage must find, by their place below the folder of the server."""
LEAVE = {
    "C/Windows/System32/kernel32.dll",
    "C/Users/anna/Documents/letter.docx",
    "E/Mail/Mailbox/DB1/DB1.edb",
    "E/other/report.aspx",
    "C/Windows/WinSxS/deep/down/page.aspx",
}
"""Files that are none of its business."""


def software(more: Mapping[str, Mapping[str, Value] | Node] | None = None) -> Node:
    """Return the keys of SOFTWARE that name folders."""
    return tree(
        {
            NT: {"SystemRoot": r"C:\Windows"},
            r"Microsoft\ExchangeServer\v15\Setup": {"MsiInstallPath": "E:\\Mail\\"},
            rf"{NT}\ProfileList": {"ProgramData": r"%SystemDrive%\ProgramData"},
            rf"{NT}\ProfileList\S-1-5-21-1": {"ProfileImagePath": r"C:\Users\anna"},
            **(more or {}),
        }
    )


def system() -> Node:
    """Return the keys of SYSTEM that name folders."""
    return tree(
        {
            "Select": {"Current": 1},
            r"ControlSet001\Control\ComputerName\ComputerName": {"ComputerName": "EX01"},
            r"ControlSet001\Control\Session Manager\Environment": {"LogHome": "E:"},
            r"ControlSet001\Services\EventLog\Application": {
                "File": r"E:\EventLogs\Application.evtx"
            },
            r"ControlSet001\Services\LanmanServer\Shares": {
                "stuff$": ["CSCFlags=0", r"Path=E:\other", "Type=0"]
            },
        }
    )


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def server(folder: Path, drives: str = "CE") -> Path:
    """Write the server; one folder for each of its drives."""
    config = "C/Windows/System32/config"
    files = {name: name.encode() for name in sorted(KEEP | LEAVE)}
    files["E/Mail/FrontEnd/HttpProxy/owa/web.config"] = OWA.encode()
    files["C/Windows/System32/inetsrv/config/applicationHost.config"] = IIS.encode()
    files[f"{config}/SOFTWARE"] = hive(software())
    files[f"{config}/SYSTEM"] = hive(system())
    write(folder, {name: data for name, data in files.items() if name[0] in drives})
    return folder
