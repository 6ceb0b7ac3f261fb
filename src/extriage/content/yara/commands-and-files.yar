// Pages to run programs and to look after files: ASPXSpy and its kin.
// Written for extriage; Apache-2.0. Each rule has a case in content/cases/<campaign>/.

private rule server_code
{
  strings:
    $block = "<%"
    $script = /\brunat\s{0,4}=\s{0,4}["']?server/ nocase
    $handler = /\bI(Http(Async)?(Handler|Module)|HttpHandlerFactory)\b/
    $view = /@(\{|Code\b|\(\s{0,4}[A-Z][\w.]{0,60}\(|functions\b|using\s{1,4}System\b)/
  condition:
    any of them
}

private rule reads_request
{
  strings:
    $request = /\brequest\s{0,4}(\.\s{0,4}(item|form|querystring|params|headers|cookies|inputstream|binaryread|files|servervariables|unvalidated|contentlength|totalbytes|rawurl|pathinfo|useragent|userlanguages|urlreferrer|getbufferlessinputstream|saveas)\b|[\[(!,;)])|\bHttpRequest(Base)?\s{1,4}\w|\[\s{0,4}["']Request["']\s{0,4}\]/ nocase
  condition:
    $request
}

rule page_runs_command_of_request
{
  meta:
    title = "Page that runs programs for its caller"
    description = "The page starts a program whose name or arguments come with the request or from a form, and writes its output. It is a console for whoever finds it."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page that administrators built to start one tool"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "52ea8d3c-822f-4a4f-bec2-5a7341061cf7"
  strings:
    $start = /\bProcess\s{0,4}\.\s{0,4}Start\s{0,4}\(|\.\s{0,4}Start\s{0,4}\(\s{0,4}\)|\bnew\s{1,4}(System\.Diagnostics\.)?Process(StartInfo)?\b/ nocase
    $output = /\b(RedirectStandardOutput|StandardOutput\s{0,4}\.\s{0,4}ReadToEnd)\b/ nocase
    $shell = /[^.\w](cmd(\.exe)?|powershell(\.exe)?|pwsh|wscript|cscript|mshta|rundll32|certutil)\b|\bComSpec\b/ nocase
    $asked = /\bRequest\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Params|Headers|Cookies|InputStream|BinaryRead|ServerVariables|Unvalidated|RawUrl|PathInfo|UserAgent|UserLanguages)|[\[(!])|\b\w{1,30}\s{0,4}\.\s{0,4}Text\b\s{0,4}([^=\s]|==)|\bWebMethod\b|<asp:TextBox/ nocase
    $given = /\bStart(Info)?\s{0,4}\([^;]{0,160}\b(Request\s{0,4}[.\[(!]|\w{1,30}\.Text\b)|["']\s{0,4}\/c [^"'\r\n]{0,80}["']\s{0,4}[+&]/ nocase
    $later = /\bArguments\s{0,4}=\s{0,4}(\$?["'][^"'\r\n]{0,80}["']\s{0,4}[+&]|\$["']|[A-Za-z_])|\bStart(Info)?\s{0,4}\(\s{0,4}@?["'][^"'\r\n]{1,80}["']\s{0,4},\s{0,4}(["'][^"',;]{0,80}["']\s{0,4}[+&]|\$["']|[A-Za-z_])/ nocase
    $open = /\bFileName\s{0,4}=\s{0,4}[A-Za-z_]|\bStart(Info)?\s{0,4}\(\s{0,4}[a-z_]\w{0,40}\s{0,4},|\bStandardInput\s{0,4}\.\s{0,4}Write/ nocase
  condition:
    server_code and $start and ($asked or reads_request) and (($shell and ($given or $later or $output)) or ($output and ($given or $open)))
}

rule page_runs_command_with_wscript
{
  meta:
    title = "Classic page that runs programs"
    description = "The page runs commands with WScript.Shell, Shell.Application or WMI, and reads the request: a console in classic ASP or through COM."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page that administrators built to start one tool"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "94166d50-74d2-40d3-a1c4-81034256a4f1"
  strings:
    $object = /["'](WScript\.Shell|Shell\.Application|WScript["' &+]{3,9}\.Shell)["'.]|clsid:(72C24DD5-D70A-438B-8A42-98424B88AFB8|13709620-C279-11CE-A49E-444553540000)|winmgmts:[^"]{0,60}Win32_Process|:Win32_Process["']/ nocase
    $run = /\.\s{0,4}(exec|run|shellexecute|create|InvokeMethod)\s{0,4}\(?/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_aspxspy
{
  meta:
    title = "ASPXSpy"
    description = "The page is ASPXSpy or a descendant: names of its controls and titles stand in it. It runs commands, browses files and databases, scans ports and opens tunnels."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/software/S0073/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "91519f04-0b6b-490e-a140-b0cfe39655bc"
  strings:
    $title = /<title>[^<]{0,40}\bASPX[ -]?Spy/ nocase
    $control = /\bBin_(Button|Files|Span|Lable|Panel|H2|Table|Text|Data|CmdPath|Port)\w{0,30}/
    $author = "rootkit.net.cn" nocase
  condition:
    server_code and ($author or $title or #control > 3)
}

rule page_known_tool
{
  meta:
    title = "Page that says which public tool it is"
    description = "The page bears the name of a public web shell or remote administration page in its title, its comments or its variables."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/software/"
    falsepositive = "A page about web shells, on a site that teaches"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "3abaceaf-22dd-4dc0-aae6-fcf1a0c16c0e"
  strings:
    $name = /(<title>|<!--|\/\/|\/\*|\bclass\s|["'])[^<\r\n]{0,40}\b(b374k|c99shell|r57shell|webadmin2y|cmdasp\.aspx|WSO Shell|China ?Chopper|Insomnia ?Shell|InsomniaShell|nishang|Antak[- ]WebShell|awen asp\.net webshell|ZACosmall|Devshell|NtShell|Laudanum|Tunna v\d|ABPTTS|CEC Shell|TwoFace|HighShell|SUPERNOVA|HyperShell|SEASHARPEE|OwaAuth Shell)\b/ nocase
  condition:
    server_code and $name
}

rule page_manages_files
{
  meta:
    title = "Page that lists, reads and deletes files anywhere"
    description = "The page lists drives or folders, deletes files and sends or stores them, all in one script. File managers for administrators look the same: ask who put it there."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1083"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A file manager for editors of a web site"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "7e9c1a06-7cad-4d6c-9fae-a606a84d2059"
  strings:
    $drives = /\b(GetDrives|GetLogicalDrives|DriveInfo|DriveType)\b/ nocase
    $list = /\b(GetDirectories|GetFileSystemInfos|GetFiles|SubFolders)\b/ nocase
    $delete = /\b(File|Directory|FileInfo|DirectoryInfo|fso)\s{0,4}\.\s{0,4}(Delete(File)?|Move|MoveTo|SetAttributes|SetLastWriteTime)\s{0,4}\(/ nocase
    $transfer = /\b(TransmitFile|WriteFile|SaveAs|WriteAllBytes|WriteAllText|BinaryWrite|SaveToFile)\s{0,4}\(/ nocase
    $asked = /\bRequest\s{0,4}[.\[(]|\.\s{0,4}Text\b|CommandArgument/ nocase
  condition:
    server_code and $list and $delete and $transfer and $asked and ($drives or #delete > 3)
}

rule page_changes_time_stamps
{
  meta:
    title = "Page that hides files or changes their times"
    description = "The page sets times of files or makes them hidden system files, at the wish of its caller. Shells do so to look as old as their neighbours."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1070.006"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "8c8e19dc-e11f-463b-82f6-49ad97d831a2"
  strings:
    $times = /\bSet(LastWrite|Creation|LastAccess)Time(Utc)?\s{0,4}\(/ nocase
    $hide = /\bFileAttributes\s{0,4}\.\s{0,4}(Hidden|System)\b/ nocase
    $read = /\bGet(LastWrite|Creation|LastAccess)Time(Utc)?\s{0,4}\(/ nocase
  condition:
    server_code and reads_request and (($times and $read and #times > 1) or ($hide and $times))
}

rule page_scans_ports
{
  meta:
    title = "Page that tries addresses and ports"
    description = "The page opens connections to addresses and ports that its caller names and reports which answer."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1046"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A health page that checks services of its own"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "87b8656a-ceda-49a3-b382-d7d66408adb2"
  strings:
    $connect = /\bnew\s{1,4}(System\.Net\.Sockets\.)?(TcpClient|Socket)\s{0,4}\(/ nocase
    $port = /\b(port ?scan|scan ?port|PortScan|ScanPort|startport|endport|portlist)\w{0,12}\b/ nocase
  condition:
    server_code and $connect and $port and reads_request
}

rule page_runs_sql_commands
{
  meta:
    title = "Page that starts programs through SQL Server"
    description = "The page speaks of `xp_cmdshell`, `sp_oacreate` or assemblies in the database: it starts programs on a database server."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1505.001"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known on a mail server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "9692202c-9025-4575-8b52-5a2d36c6e84b"
  strings:
    $procedure = /\b(xp_cmdshell|sp_oacreate|sp_oamethod|xp_regwrite|xp_dirtree|Ole Automation Procedures)\b/ nocase
    $client = /\b(SqlConnection|SqlCommand|OleDbConnection|OdbcConnection|ADODB\.Connection)\b/ nocase
  condition:
    server_code and all of them
}

rule page_starts_program_by_name
{
  meta:
    title = "Page that starts programs by the name of the class"
    description = "The page names the class of .NET that starts programs in a text, or gives it another name, and calls it that way. Searches for the usual call do not see it."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "84edfdad-3a5d-45f2-9041-e41d76b4cd13"
  strings:
    $type = /["']System\.Diagnostics\.Process(StartInfo)?\b/
    $call = /\b(GetMethods?|InvokeMember|CallByName|GetRuntimeMethod)\s{0,4}\(/ nocase
    $renamed = /\b(using|imports)\s{1,4}\w{1,40}\s{0,4}=\s{0,4}System\.Diagnostics\.Process(StartInfo)?\b/ nocase
    $plain = /\b(using|imports)\s{1,4}Process(StartInfo)?\s{0,4}=\s{0,4}System\.Diagnostics\.Process(StartInfo)?\b/ nocase
  condition:
    server_code and reads_request and (($type and $call) or #renamed > #plain)
}

rule page_runs_command_with_shell_function
{
  meta:
    title = "Visual Basic page that runs programs"
    description = "The page hands a command line that it puts together to the function Shell of Visual Basic, and reads the request."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page that administrators built to start one tool"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "61f88a51-b6ba-4185-9abd-a63d9c804be1"
  strings:
    $shell = /(^|[^.\w>&])Shell\s{0,4}\(\s{0,4}("[^"\r\n]{0,200}"\s{0,4}&|(\w{1,30}\s{0,4}\.\s{0,4}){0,3}Request\b|[A-Za-z_]\w{0,40}\s{0,4}(&|,\s{0,4}(\d|AppWinStyle)))/ nocase
  condition:
    server_code and $shell and reads_request
}

rule page_browses_folders
{
  meta:
    title = "Page that lists and deletes what its caller names"
    description = "The page lists folders and deletes or moves files, by names that are not bound to a folder of the site, and reads the request."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1083"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A file manager for editors of a web site"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "b3c6b1e5-32c5-44df-be10-d7b9cadc9843"
  strings:
    $list = /\b(GetFileSystemEntries|GetFileSystemInfos|GetFiles|GetDirectories|EnumerateFiles|EnumerateFileSystemEntries|DirectoryInfo|GetFolder)\s{0,4}\(\s{0,4}(\w{1,40}\s{0,4}[,)]|(\w{1,30}\.){0,3}Request\s{0,4}[.\[(])/ nocase
    $change = /\b((File|Directory)\s{0,4}\.\s{0,4}(Delete|Move|Copy)|DeleteFile|MoveFile|CopyFile)\s{0,4}\(?\s{0,4}(\w{1,40}\s{0,4}[,)]|(\w{1,30}\.){0,3}Request\s{0,4}[.\[(])|\bnew\s{1,4}(System\.IO\.)?(File|Directory)Info\s{0,4}\([^;]{1,120}\)\s{0,4}\.\s{0,4}(Delete|MoveTo|CopyTo)\s{0,4}\(/ nocase
    $bound = /\b(MapPath|GetFileName|PhysicalApplicationPath)\b/ nocase
  condition:
    server_code and reads_request and $list and $change and not $bound
}

rule page_sends_file_of_request
{
  meta:
    title = "Page that sends any file that the request names"
    description = "The page sends a file of the server whose whole path comes in with the request: settings, keys, mailboxes. Careless download pages do the same."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1005"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A download page that does not check the name of the file"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2781147e-b8f2-42e4-a415-fa91e7f1cd0f"
  strings:
    $send = /\b(TransmitFile|WriteFile|ReadAllText|ReadAllBytes|ReadAllLines|OpenTextFile|LoadFromFile)\s{0,4}\(?\s{0,4}(\w{1,30}\s{0,4}\.\s{0,4}){0,5}Request\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Params|Headers|Cookies)\s{0,4})?[\[(]/ nocase
  condition:
    server_code and $send
}

rule page_fetches_file_for_caller
{
  meta:
    title = "Page that fetches a file and keeps it"
    description = "The page fetches a file from an address that is not written in it, and stores it on the server."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page that mirrors files of another server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "9f12813b-df4b-4442-9acc-1811bdb9cfd8"
  strings:
    $fetch = /\.\s{0,4}DownloadFile(Async|TaskAsync)?\s{0,4}\(\s{0,4}[^"'\s);]|\bURLDownloadToFile[AW]?\s{0,4}\(/ nocase
  condition:
    server_code and $fetch and reads_request
}
