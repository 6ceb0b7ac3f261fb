// Pages that read keys, databases, the directory or mailboxes.
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

rule page_shows_keys_of_site
{
  meta:
    title = "Page that writes the machine keys out"
    description = "The page reads the machine keys of the site and writes them into its answer. Whoever has them can send ViewState that runs code, also after every page of his is gone. Change the keys."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "machine-keys"
    persistence = "web-shell"
    attack = "T1505.003 T1552.001"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2025/02/06/code-injection-attacks-using-publicly-disclosed-asp-net-machine-keys/"
    reference = "https://attack.mitre.org/techniques/T1552/"
    falsepositive = "A page of developers that makes new keys"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "c3a779d6-5671-4d7c-9f5d-a998829b1e7f"
  strings:
    $section = /\bMachineKeySection\b|["']system\.web\/machineKey["']|\bMachineKey(Master|Section)?\b[^;]{0,60}\b(GetApplicationConfig|GetField)\b/ nocase
    $key = /\b(ValidationKey|DecryptionKey|_validationKey|_decryptionKey|ValidationKeyInternal|DecryptionKeyInternal)\b/
    $out = /\b(Response\s{0,4}\.\s{0,4}(Write|Output|End|AddHeader)|WriteAllText|<%=|InnerText|\.Text\s{0,4}=)/ nocase
  condition:
    server_code and all of them
}

rule page_holds_viewstate_gadget
{
  meta:
    title = "Page with a chain of objects that runs code"
    description = "In the page stands text of a chain of .NET objects that runs code when it is read: what tools for ViewState attacks write."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "machine-keys"
    persistence = "web-shell"
    attack = "T1505.003 T1620"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2025/02/06/code-injection-attacks-using-publicly-disclosed-asp-net-machine-keys/"
    reference = "https://attack.mitre.org/techniques/T1552/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "871c9905-5fb9-461d-8c80-1e9d22a579d8"
  strings:
    $names = /\b(ActivitySurrogateSelector(FromFile)?|TextFormattingRunProperties|ObjectDataProvider|TypeConfuseDelegate|WindowsIdentity\.bootstrapContext|ClaimsIdentity\.bootstrapContext|DataSetTypeSpoof)\b/
    $base64 = /["'](\/wE[A-Za-z0-9]{1,4}|AAEAAAD\/{5})[A-Za-z0-9+\/]{60}/
    $read = /\b(Deserialize|ObjectStateFormatter|LosFormatter|BinaryFormatter|XamlReader)\b/
  condition:
    server_code and $read and any of ($names, $base64)
}

rule page_uses_exchange_cmdlets
{
  meta:
    title = "Page that calls Exchange"
    description = "The page loads the management snap-in of Exchange or asks its web services with the rights of the server. What it does with mailboxes stands in the audit log, as acts of the server."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1114.002"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/techniques/T1114/002/"
    falsepositive = "A self-service portal that administrators built"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2f805795-8a0f-4d96-8779-b519e4c94483"
  strings:
    $snapin = /\bMicrosoft\.Exchange\.Management\.(PowerShell\.(E2010|SnapIn|Setup)|Powershell)\b|\bRemoteExchange\.ps1\b|\bConnect-ExchangeServer\b/ nocase
    $export = /\b(New-MailboxExportRequest|New-ManagementRoleAssignment|Get-MailboxFolderStatistics|Add-MailboxPermission|New-InboxRule|Search-Mailbox)\b/ nocase
    $asked = /\bRequest\s{0,4}[.\[(]/ nocase
  condition:
    server_code and $asked and any of ($snapin, $export)
}

rule page_searches_directory
{
  meta:
    title = "Page that searches the directory for its caller"
    description = "The page searches Active Directory with a filter from the request, or changes accounts. Self-service portals do the same behind a logon; a page without one does not belong here."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1087.002"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/techniques/T1087/002/"
    falsepositive = "A telephone book or a self-service portal"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "041aa91b-456c-4016-8ff5-ebf7744b0d43"
  strings:
    $search = /\b(DirectorySearcher|DirectoryEntry|PrincipalContext|LdapConnection)\s{0,4}\(/
    $filter = /\b(Filter\s{0,4}=|new\s{1,4}(System\.DirectoryServices\.)?(DirectorySearcher|DirectoryEntry)\s{0,4}\()[^;]{0,120}\b(Request\s{0,4}[.\[(]|\w{1,30}\.Text\b)/
  condition:
    server_code and all of them
}

rule page_queries_any_database
{
  meta:
    title = "Page that sends any query to any database"
    description = "The page takes both the connection string and the query from its caller. It is a database client for whoever finds it."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1213"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/techniques/T1213/"
    falsepositive = "A tool page of a database administrator"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "69bb0613-57fc-45d3-b0dc-9e4ab5b6f2d4"
  strings:
    $connect = /\bnew\s{1,4}[\w.]{0,40}(Sql|OleDb|Odbc|Oracle)Connection\s{0,4}\([^;]{0,80}\b(Request\s{0,4}[.\[(]|\w{1,30}\.Text\b)|\bConnectionString\s{0,4}=\s{0,4}[^;]{0,60}\b(Request\s{0,4}[.\[(]|\w{1,30}\.Text\b)|\.open\s{0,4}\(?\s{0,4}request\s{0,4}\(|\bnew\s{1,4}[\w.]{0,40}(Sql|OleDb|Odbc|Oracle)DataAdapter\s{0,4}\([^;,]{1,120},\s{0,4}(\w{1,30}\s{0,4}\.\s{0,4}){0,4}Request\s{0,4}[.\[(]/ nocase
    $source = /<asp:(Sql|Access|Object)DataSource\b[^>]{0,400}\b(ConnectionString|SelectCommand|DataFile)\s{0,4}=\s{0,4}["']<%[#=][^%]{0,120}\bRequest\b/ nocase
    $query = /\b(ExecuteReader|ExecuteNonQuery|ExecuteScalar|Fill|execute)\s{0,4}\(/ nocase
  condition:
    server_code and (($connect and $query) or $source)
}

rule page_reads_memory_of_lsass
{
  meta:
    title = "Page that takes passwords from memory"
    description = "The page speaks of dumping the memory of LSASS, by the library `comsvcs.dll` or by a function of Windows."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1003.001"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/techniques/T1003/001/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "61853590-bff2-4919-a156-307fe04dd709"
  strings:
    $dump = /\bcomsvcs(\.dll)?[ ,#"']{1,6}(MiniDump|#?24)\b|\bMiniDumpWriteDump\b|\bsekurlsa\b|\blsass\.dmp\b/ nocase
  condition:
    server_code and $dump
}

rule page_reads_settings_of_server
{
  meta:
    title = "Page that shows configuration files"
    description = "The page reads the configuration of the server, such as applicationHost.config or the password store of IIS, and writes it out."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1005"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/techniques/T1005/"
    falsepositive = "A page of a monitoring product"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "a8b44506-4e50-4711-892a-cbc1c390de50"
  strings:
    $file = /\b(applicationHost\.config|system32[\/\\]{1,2}inetsrv[\/\\]{1,2}config|MetaBase\.xml|SharedWebConfig\.config|\bntds\.dit|config[\/\\]{1,2}SAM)\b/ nocase
    $read = /\b(ReadAllText|ReadAllBytes|StreamReader|OpenTextFile|TransmitFile|WriteFile|ProcessModel)\b/ nocase
    $asked = /\bRequest\s{0,4}[.\[(]|\bResponse\s{0,4}\.\s{0,4}(Write|TransmitFile)/ nocase
  condition:
    server_code and all of them
}
