"""What happens on the servers of a healthy organisation: setup, backup, antivirus, tasks, files."""

from collections.abc import Callable, Iterator

from healthy import EXCHANGE, SYSMON, Line, at, event, people, process, written

BIN = rf"{EXCHANGE}\Bin"
FRONT = rf"{EXCHANGE}\FrontEnd\HttpProxy"
POOL = (
    r"C:\Windows\System32\inetsrv\w3wp.exe "
    r'-ap "MSExchangeOWAAppPool" -v "v4.0" -c "x.config"'
)
NET = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319"
TEMP = rf"{NET}\Temporary ASP.NET Files"
EXPLORER = r"C:\Windows\explorer.exe"
SCHEDULE = r"C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule"
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
CMD = r"C:\Windows\System32\cmd.exe"
ADMIN = r"CONTOSO\Administrator"
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"
POWERSHELL_LOG = "Microsoft-Windows-PowerShell/Operational"
TASKS = "Microsoft-Windows-TaskScheduler/Operational"
IIS = "Microsoft-Windows-IIS-Configuration/Operational"


def _run(day: str, parent: str, lines: tuple[str, ...], user: str = "") -> Iterator[Line]:
    known = {"user": user} if user else {}
    for step, line in enumerate(lines):
        yield from process(at(day, step * 7), parent, line, **known)


def setup() -> Iterator[Line]:
    """Install an update of Exchange: compilers, services, modules, snap-ins."""
    day = "2022-05-14T20:00:00"
    yield from _run(day, POOL, (rf'"{NET}\csc.exe" /noconfig', rf'"{NET}\cvtres.exe" /NOLOGO'))
    yield from _run(day, POOL, (r"C:\Windows\System32\WerFault.exe -u -p 10844 -s 5120",))
    yield from _run(
        day,
        r"C:\Windows\System32\msiexec.exe /V",
        (
            f'"{POWERSHELL}" -c "Add-PSSnapin Microsoft.Exchange.Management.PowerShell.Setup"',
            r"C:\Windows\System32\inetsrv\appcmd.exe install module /name:exppw /image:exppw.dll",
            r"net.exe stop MSExchangeTransport /y",
            r"net.exe stop MSExchangeIS /y",
            r"net.exe stop W3SVC /y",
            r"C:\Windows\System32\taskkill.exe /f /im noderunner.exe",
            r"C:\Windows\System32\sc.exe config MSExchangeIS start= disabled",
        ),
    )
    for name in ("logon.aspx", "errorFE.aspx", "expiredpassword.aspx"):
        image = r"C:\Windows\System32\msiexec.exe"
        yield written(at(day, 60), image, rf"{FRONT}\owa\auth\{name}")
    compiled = (r"owa\8e05b027\e164d61b\logon.aspx.f5dba9b9", r"root\1\2\default.aspx.cdcab7d2")
    worker = r"C:\Windows\System32\inetsrv\w3wp.exe"
    for name in (*compiled, r"root\a1\b2\login.aspx.cdcab7d2", r"ecp\1\2\default.aspx.38bea78a"):
        yield written(at(day, 300), worker, rf"{TEMP}\{name}.compiled")
    for what in ("/system.webServer/modules/add[@name='ApplicationInsights']/@type", "/x/remove"):
        change = {"Configuration": f"MACHINE/WEBROOT/APPHOST{what}", "NewValue": "Vendor.Module"}
        yield event(at(day, 400), IIS, 29, **change)


def administrators_at_the_console() -> Iterator[Line]:
    """Tools of administrators, typed by hand or run by logon scripts."""
    yield from _run(
        "2023-07-03T07:00:00",
        CMD,
        (
            "whoami.exe /groups",
            "net.exe user Guest Xy7-qqqqqqq",
            "net.exe user Guest /active:no",
            r'net.exe localgroup "Remote Management Users" CONTOSO\svc-mon /add',
            'net.exe group "Organization Management" /domain',
            "ipconfig.exe /all",
            "net.exe stop MSExchangeTransport",
            "net.exe stop MSExchangeIS",
            "net.exe stop MSExchangeServiceHost",
            r"wevtutil.exe cl Application /bu:D:\Backup\Application.evtx",
            r"cmd.exe /c del C:\Windows\System32\winevt\Logs\Archive-Security-*.evtx",
            'auditpol.exe /set /subcategory:"Filtering Platform Connection" /success:disable',
            r'"C:\Program Files\7-Zip\7z.exe" a D:\Backup\wwwroot.7z C:\inetpub\wwwroot',
            r'"C:\Program Files\PuTTY\plink.exe" -batch admin@switch01 show run',
            "curl.exe -s -L https://mail.contoso.example:443/owa/healthcheck.htm",
            rf'icacls.exe "{FRONT}\owa\auth" /inheritance:e',
            "certutil.exe -verify -urlfetch mail.cer",
            r"certutil.exe -exportPFX my 0A1B C:\Certs\mail.pfx",
            r'"C:\Program Files\7-Zip\7z.exe" a D:\Backup\iis.7z C:\inetpub\logs',
            r'"C:\Program Files\7-Zip\7z.exe" a D:\Backup\leaver.7z D:\pst\leaver.pst',
            r"robocopy.exe C:\inetpub\logs \\fs01\logs /mir",
            r"wevtutil.exe epl Security D:\Backup\Security.evtx",
            "vssadmin.exe list shadows",
            "vssadmin.exe delete shadows /for=E: /oldest /quiet",
            "wbadmin.exe delete systemstatebackup -keepversions:3 -quiet",
            r"diskshadow.exe /s C:\Scripts\backup.dsh",
            "manage-bde.exe -on D: -RecoveryPassword",
            "bcdedit.exe /enum",
            rf'attrib.exe +r "{FRONT}\owa\auth\logon.aspx"',
            r"netsh.exe interface portproxy show all",
            r"findstr.exe /i mimikatz C:\Temp\export.csv",
            r'"C:\Tools\procdump64.exe" -ma w3wp.exe D:\Dumps',
            r'"C:\Tools\PsExec64.exe" \\EX02 -s cmd /c iisreset',
            f'"{POWERSHELL}" -File {BIN}\\..\\Scripts\\StartDagServerMaintenance.ps1',
            f'"{POWERSHELL}" -Command "Get-ExchangeServer | Get-MailboxDatabase"',
            f'"{POWERSHELL}" -NoExit -Command ". \'{BIN}\\RemoteExchange.ps1\'; Connect"',
            f'"{POWERSHELL}" -c "[Configuration]; Get-Content web.config | sls machineKey"',
        ),
        ADMIN,
    )
    yield written(at("2023-07-03T07:30:00"), EXPLORER, rf"{FRONT}\owa\auth\logon.aspx")
    yield written(at("2023-07-03T07:31:00"), EXPLORER, rf"{FRONT}\owa\auth\logon - Copy.aspx")
    yield written(at("2023-07-03T07:32:00"), "System", r"C:\inetpub\wwwroot\default.aspx")
    yield written(at("2023-07-03T07:33:00"), "System", r"C:\inetpub\wwwroot\redirect.aspx")
    gone = {"Image": POWERSHELL, "TargetFilename": r"C:\inetpub\wwwroot\redirect.aspx"}
    yield event(at("2023-07-03T07:34:00"), SYSMON, 26, **gone)
    back = {"Image": POWERSHELL, "TargetFilename": rf"{FRONT}\owa\auth\logon.aspx"}
    yield event(at("2023-07-03T07:35:00"), SYSMON, 2, **back)


def tools_of_the_provider() -> Iterator[Line]:
    """Remote control as a service, agents that run encoded commands, deployment by shares."""
    services = (
        ("AnyDesk", r'"C:\Program Files (x86)\AnyDesk\AnyDesk.exe" --service'),
        ("ScreenConnect Client (0a1b)", r'"C:\Program Files (x86)\ScreenConnect Client (0a1b)\x"'),
        ("tenable_mw_scan", r"%SystemRoot%\tenable_mw_scan_142a90001fb65e0beb1751cc8c63edd0.exe"),
        ("PSEXESVC", r"%SystemRoot%\PSEXESVC.exe"),
        ("McAfee Agent Deployment", r"\\EX01\ADMIN$\FrmInst_142a.exe /INSTALL=AGENT"),
        ("StartupScript", r"cmd.exe /c C:\Scripts\start.cmd"),
    )
    for step, (name, path) in enumerate(services):
        known = {"ServiceName": name, "ImagePath": path, "AccountName": "LocalSystem"}
        yield event(at("2023-09-04T10:00:00", step * 60), "System", 7045, **known)
    yield from _run(
        "2023-09-04T11:00:00",
        r"C:\Program Files (x86)\NinjaRMM\NinjaRMMAgent.exe",
        (
            f'"{POWERSHELL}" -ExecutionPolicy Bypass -EncodedCommand {"SQBuAHYA" * 12}',
            f'"{POWERSHELL}" -NoP -c "iex (irm https://chocolatey.org/install.ps1)"',
            r'"C:\Program Files (x86)\AnyDesk\AnyDesk.exe" --service',
            r"cmd.exe /c wmic product get name",
            r'"C:\Deploy\AnyDesk.exe" --install "C:\Program Files (x86)\AnyDesk" '
            "--start-with-win --silent",
        ),
    )
    yield from _run(
        "2023-09-04T12:00:00",
        r"C:\Windows\System32\wbem\WmiPrvSE.exe",
        (
            r'cmd.exe /c netstat.exe -ano > "C:\Windows\Temp\nessus_1.tmp"',
            f'"{POWERSHELL}" -NoProfile -NonInteractive -EncodedCommand {"SQBuAHYA" * 12}',
            r"cmd.exe /Q /c ver 1> \\127.0.0.1\ADMIN$\__1704067200.123 2>&1",
        ),
    )


def tasks() -> Iterator[Line]:
    """Tasks of vendors and administrators, as events and as files."""
    encoded = f"-NoProfile -EncodedCommand {'SQBuAHYA' * 12}"
    jobs = (
        (r"\Contoso\Delete IIS logs", r"-c Remove-Item C:\inetpub\logs\LogFiles\*\*.log"),
        (r"\NinjaRMM\Patch", encoded),
        (r"\Contoso\GeoIP", "-c (New-Object Net.WebClient).DownloadFile('https://g.example','g')"),
        (r"\Daily Auth Certificate Check", rf"-File {BIN}\MonitorExchangeAuthCertificate.ps1"),
        (r"\win-acme renew", r"-File C:\win-acme\Scripts\ImportExchange.v2.ps1"),
        (
            r"\Contoso\Heartbeat",
            "-c (New-Object Net.WebClient).DownloadString('https://h.example')",
        ),
        (r"\Veeam\Log", r"-File C:\ProgramData\Veeam\log.ps1"),
    )
    for step, (name, arguments) in enumerate(jobs):
        xml = _task(name, arguments)
        known = {"SubjectUserName": "Administrator", "TaskName": name, "TaskContent": xml}
        yield event(at("2024-01-08T12:00:00", step * 60), "Security", 4698, **known)
        known = {"TaskName": name, "ActionName": POWERSHELL}
        yield event(at("2024-01-08T13:00:00", step * 60), TASKS, 200, **known)
        place = name.replace("\\", "/")
        yield f"EX01/C/Windows/System32/Tasks{place}", xml
        line = f'"{POWERSHELL}" {arguments}'
        yield from process(at("2024-01-08T13:00:00", step * 60), SCHEDULE, line)


def _task(name: str, arguments: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-16"?>\n<Task version="1.2" '
        'xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        "  <RegistrationInfo><Date>2024-01-08T12:00:00</Date>"
        rf"<Author>CONTOSO\Administrator</Author><URI>{name}</URI></RegistrationInfo>"
        "\n  <Principals><Principal id='Author'><UserId>S-1-5-18</UserId></Principal></Principals>"
        f"\n  <Actions Context='Author'><Exec><Command>{POWERSHELL}</Command>"
        f"<Arguments>{arguments}</Arguments></Exec></Actions>\n</Task>"
    )


def antivirus() -> Iterator[Line]:
    """Mail with malware is found where mail passes through, never where it could run."""
    uploads = rf"{TEMP}\owa\8e05b027\e164d61b\uploads\x1a2b3c.post"
    found = (
        ("Trojan:Win32/Wacatac.B!ml", uploads),
        ("Backdoor:ASP/Chop" + "per.F!dha", uploads),
        ("Exploit:ASP/CVE-2021-27065.A!dha", rf"{EXCHANGE}\TransportRoles\data\Temp\a.tmp"),
        ("Exploit:Python/CVE-2022-41082", uploads),
        ("Ransom:Win32/LockBit.A", rf"{EXCHANGE}\FIP-FS\Data\Engines\x.tmp"),
        ("HackTool:Win32/Mimi" + "katz.D", rf"{EXCHANGE}\TransportRoles\data\Temp\b.tmp"),
        ("Trojan:O97M/Emotet.PDX!MTB", rf"{EXCHANGE}\Working\OleConverter\c.doc"),
        ("Ransom:Win32/Conti.AA", uploads),
        ("HackTool:Win32/Mimi" + "katz.D", uploads),
        ("PUA:Win32/Presenoker", r"C:\Users\Administrator\Downloads\tool.exe"),
    )
    for step, (name, place) in enumerate(found):
        known = {
            "Product Name": "Microsoft Defender Antivirus",
            "Threat Name": name,
            "Path": f"file:_{place}",
            "Process Name": r"C:\Windows\System32\inetsrv\w3wp.exe",
            "Action Name": "Quarantine",
        }
        yield event(at("2022-11-07T10:00:00", step * 3600), DEFENDER, 1116, **known)
    excluded = (
        rf"Paths\{EXCHANGE}\Logging",
        rf"Paths\{EXCHANGE}\ClientAccess\OAB",
        rf"Paths\{EXCHANGE}\Mailbox",
        r"Paths\C:\inetpub\temp\IIS Temporary Compressed Files",
        "Extensions\\.edb",
        "Extensions\\.config",
    )
    for step, what in enumerate(excluded):
        change = {"New Value": rf"HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\{what} = 0x0"}
        yield event(at("2022-11-08T10:00:00", step), DEFENDER, 5007, **change)
    yield event(at("2022-11-08T11:00:00"), DEFENDER, 5001)


def logons() -> Iterator[Line]:
    """Windows' own record: an office behind one address, servers among themselves, backups."""
    for step, user in enumerate(people(60)):
        name = user.rpartition("\\")[2]
        known = {"TargetUserName": name, "IpAddress": "203.0.113.40", "LogonType": "8"}
        if step % 3 == 0:
            time = at("2024-02-05T07:30:00", step * 20)
            yield event(time, "Security", 4625, **known, ProcessName=r"C:\x\w3wp.exe")
        known |= {"AuthenticationPackageName": "Negotiate"}
        yield event(at("2024-02-05T07:30:10", step * 20), "Security", 4624, **known)
    for step, (name, client) in enumerate((("EX02$", "10.0.0.6"), ("BACKUP01$", "10.0.0.40")) * 9):
        time = at("2024-02-06T01:00:00", step * 60)
        pipe = {"ShareName": r"\\*\IPC$", "SubjectUserName": name, "IpAddress": client}
        pipe["RelativeTargetName"] = ("FssagentRpc", "netdfs", "lsarpc", "srvsvc")[step % 4]
        yield event(time, "Security", 5145, **pipe)
        known = {"TargetUserName": name, "IpAddress": client, "LogonType": "3"}
        known["AuthenticationPackageName"] = "NTLM" if step % 2 else "Kerberos"
        yield event(at(f"{time}", 2), "Security", 4624, **known)
    right = {"ObjectClass": "domainDNS", "AttributeLDAPDisplayName": "nTSecurityDescriptor"}
    right |= {"SubjectUserName": "DC01$", "SubjectLogonId": "0x3e7", "AttributeValue": "D:(A;;GA)"}
    yield event(at("2024-02-07T01:00:00"), "Security", 5136, **right)
    for group in ("Organization Management", "Recipient Management"):
        member = {"SubjectUserName": "Administrator", "TargetUserName": group}
        yield event(at("2024-02-07T02:00:00"), "Security", 4756, **member, MemberName="CN=Helper")


def troubles() -> Iterator[Line]:
    """Errors of every week: page states after a restart, voice mail, add-ins, crashes."""
    for step in range(25):
        text = (
            "Event code: 4009 \r\nEvent message: Viewstate verification failed. Reason: The "
            "viewstate supplied failed integrity check. \r\nEvent detail code: 50203"
        )
        known = {"provider": "ASP.NET 4.0.30319.0", "Message": text}
        yield event(at("2025-02-02T05:00:00", step * 3), "Application", 1316, **known)
    texts = (
        ("MSExchange Unified Messaging", 1082, "The UM service failed: OutOfMemoryException"),
        ("MSExchange Control Panel", 4, "Request for URL 'https://mail:444/ecp/?x' failed"),
        ("MSExchange Common", 4999, "Watson report w3wp#MSExchangeECPAppPool NullReference"),
        ("MSExchange Mitigation Service", 1008, "An unexpected exception occurred."),
        ("MSExchangeFrontEndTransport", 1035, "Inbound authentication failed with LogonDenied"),
    )
    for step, (provider, what, text) in enumerate(texts):
        known = {"provider": provider, "Message": text}
        yield event(at("2025-02-02T06:00:00", step * 60), "Application", what, **known)


def scripts() -> Iterator[Line]:
    """Script blocks of administrators and of Microsoft's own scripts."""
    blocks = (
        "Get-ChildItem C:\\inetpub\\logs -Recurse | Where LastWriteTime -lt $d | Remove-Item",
        "$s = New-PSSession -ConfigurationName Microsoft.Exchange -ConnectionUri $u",
        "Add-PSSnapin Microsoft.Exchange.Management.PowerShell.SnapIn; Search-Mailbox legal",
        "Invoke-WebRequest https://github.com/microsoft/CSS-Exchange -OutFile HealthChecker.ps1",
        "function TabExpansion2 { [CmdletBinding()] param($inputScript) }",
        "Set-MpPreference -ExclusionPath 'C:\\Program Files\\Microsoft\\Exchange Server\\V15'",
        "Get-WmiObject Win32_ShadowCopy | Select InstallDate",
        "Export-PfxCertificate -Cert $c -FilePath D:\\backup.pfx -Password $p",
        "[System.Web.Configuration.MachineKeySection] | Format-List validationKey",
    )
    for step, text in enumerate(blocks):
        known = {"ScriptBlockText": text, "ScriptBlockId": f"{step}"}
        yield event(at("2025-03-08T05:00:00", step), POWERSHELL_LOG, 4104, **known)


def configuration() -> Iterator[Line]:
    """Modules, agents and virtual directories of vendors."""
    modules = (
        r"C:\Program Files\Vendor\WafModule.dll",
        r"%windir%\System32\inetsrv\rewrite.dll",
        r"C:\Program Files\dynatrace\oneagent\agent\bin\oneagentiis.dll",
    )
    rows = "".join(f'<add name="m{n}" image="{m}" />' for n, m in enumerate(modules))
    site = (
        '<site name="Default Web Site" id="1"><application path="/">'
        '<virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\wwwroot" />'
        '<virtualDirectory path="/certenroll" physicalPath="D:\\CertEnroll" />'
        "</application></site>"
    )
    yield (
        "EX01/C/Windows/System32/inetsrv/config/applicationHost.config",
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><configSections>'
            '<sectionGroup name="system.applicationHost" /></configSections>'
            f"<system.applicationHost><sites>{site}</sites></system.applicationHost>"
            f"<system.webServer><globalModules>{rows}</globalModules></system.webServer>"
            "</configuration>"
        ),
    )
    agents = "".join(
        f'<agent name="{name}" baseType="Microsoft.Exchange.Data.Transport.Routing.RoutingAgent" '
        f'classFactory="V.F" assemblyPath="{path}" enabled="true" />'
        for name, path in (
            (
                "CodeTwo",
                r"C:\Program Files\CodeTwo\CodeTwo Exchange Rules Pro\C2ExchRulesAgent.dll",
            ),
            ("Mail Archiver", r"C:\Program Files\Archiver Ltd\ArchiveAgent.dll"),
        )
    )
    place = "EX01/C/Program Files/Microsoft/Exchange Server/V15/TransportRoles/Shared/agents.config"
    yield (
        place,
        (
            '<?xml version="1.0" encoding="utf-8"?>\n<configuration><mexRuntime><monitoring />'
            f"<agentList>{agents}</agentList></mexRuntime></configuration>"
        ),
    )


def disk() -> Iterator[Line]:
    """Files on the disk that sound like something and are nothing."""
    auth = "EX01/C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth"
    page = (
        '<%@ Page language="c#" AutoEventWireup="false" '
        'Inherits="Microsoft.Exchange.HttpProxy.Logon" %>\n<html><body>'
        '<form action="/owa/auth.owa" method="POST" name="logonForm">'
        '<input id="password" type="password"></form></body></html>'
    )
    for name in ("logon.aspx", "logon_backup_20220301.aspx", "logon - Copy.aspx"):
        yield f"{auth}/{name}", page
    names = (
        "Program Files/PuTTY/plink.exe",
        "Tools/SysinternalsSuite/PsExec.exe",
        "Tools/SysinternalsSuite/procdump64.exe",
        "ProgramData/Veeam/backup.zip",
        "Dumps/w3wp.exe_240101_101010.dmp",
        "inetpub/wwwroot/backup_config.zip",
        "inetpub/wwwroot/iisstart.htm",
        "inetpub/wwwroot/redirect.aspx",
        "Users/Administrator/Downloads/Exchange2016-KB5014261-x64-en.exe",
        "Users/Administrator/Documents/invoice.pdf.encrypted",
        "Windows/Temp/nessus_task_list1.tmp",
        "Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/owa/8e05b027/"
        "e164d61b/logon.aspx.f5dba9b9.compiled",
        "Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/root/a1/b2/"
        "login.aspx.cdcab7d2.compiled",
    )
    for name in names:
        yield f"EX01/C/{name}", "x"


SCENES: tuple[Callable[[], Iterator[Line]], ...] = (
    setup,
    administrators_at_the_console,
    tools_of_the_provider,
    tasks,
    antivirus,
    logons,
    troubles,
    scripts,
    configuration,
    disk,
)
