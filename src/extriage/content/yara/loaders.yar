// Pages that load code which no file holds: assemblies, shell code, objects, scripts.
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

rule page_loads_assembly_of_request
{
  meta:
    title = "Page that loads an assembly of the request"
    description = "The page makes an assembly of bytes that the request brings, and creates an object of it. What the intruder wants is sent each time anew, so the page itself says nothing of it."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1620"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known on a mail server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "d69b3ef8-0c36-4d72-a376-25badaf8e4f1"
  strings:
    $load = /\bAssembly\b[^;]{0,60}(\.\s{0,4}Load\s{0,4}\(|GetMethod\s{0,4}\(\s{0,4}["']Load)|\bAppDomain\b[^;]{0,60}\.\s{0,4}Load\s{0,4}\(/ nocase
    $bytes = /\b(FromBase64String|BinaryRead|InputStream|GZipStream|DeflateStream|CreateDecryptor|FromHexString)\b/ nocase
    $call = /\b(CreateInstance|EntryPoint|InvokeMember|GetMethod|GetTypes?)\s{0,4}[(.]/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_holds_assembly
{
  meta:
    title = "Page with a whole program inside"
    description = "In the page stands a program for Windows as Base64 or hex text, and code that loads it. Whatever it is, it was put there so that no file of it lies on the disk."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027.009"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "503bc241-d10a-4500-9001-0b38dcbd4358"
  strings:
    $program = /["'`]TV(qQAA|pQAA|oAAA|pAAA)[A-Za-z0-9+\/]{20}/
    $hex = /["']4d5a[0-9a-f]{20}/ nocase
    $packed = /["']H4sIA[A-Za-z0-9+\/]{60}/
    $load = /\b(Load|VirtualAlloc|GetMethod|WriteAllBytes)\s{0,4}\(/ nocase
  condition:
    server_code and $load and any of ($program, $hex, $packed)
}

rule page_runs_shell_code
{
  meta:
    title = "Page that runs machine code"
    description = "The page asks Windows for memory that can be executed, copies bytes into it and starts them. No page of a web site needs that."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1055"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "6b0da673-1c92-4afa-9b0f-ef47101ce58f"
  strings:
    $memory = /\b(VirtualAlloc(Ex)?|VirtualProtect|NtAllocateVirtualMemory)\b/
    $copy = /\b(Marshal\s{0,4}\.\s{0,4}Copy|WriteProcessMemory|RtlMoveMemory)\b/
    $start = /\b(CreateThread|CreateRemoteThread|QueueUserAPC|EnumSystemLocalesA|GetDelegateForFunctionPointer|NtCreateThreadEx)\b/
  condition:
    server_code and 2 of them
}

rule page_calls_windows_for_processes
{
  meta:
    title = "Page that calls Windows to start programs or change its rights"
    description = "The page imports functions of Windows that start programs, open other processes or take on another identity. It goes around what .NET would log."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1106"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page of a vendor that takes on an identity to read files"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "c1701910-2a34-44a9-b3ba-c7d02009102c"
  strings:
    $import = /\bDllImport(Attribute)?\s{0,4}\(\s{0,4}@?["'](kernel32|advapi32|ntdll|dbghelp|dbgcore|userenv|secur32|samlib)/ nocase
    $function = /\b(CreateProcess(AsUser|WithLogonW|WithTokenW)?[AW]?|OpenProcess|MiniDumpWriteDump|DuplicateTokenEx|ImpersonateLoggedOnUser|AdjustTokenPrivileges|ImpersonateNamedPipeClient|LsaEnumerateLogonSessions)\b/
    $logon = /\bLogonUser[AW]?\s{0,4}\(/
    $start = /\bProcess\s{0,4}\.\s{0,4}Start\s{0,4}\(/
  condition:
    server_code and (($import and $function) or ($logon and $start and reads_request))
}

rule page_loads_code_from_network
{
  meta:
    title = "Page that fetches code and runs it"
    description = "The page fetches bytes or text from another address and loads, evaluates or starts them. What it did cannot be read from the page: keep the proxy and firewall logs."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page that updates an application by itself"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "3356c95b-755b-4d30-a256-ce939360d79f"
  strings:
    $fetch = /\.\s{0,4}(DownloadData|DownloadString|DownloadFile|GetByteArrayAsync|GetStringAsync)\s{0,4}\(|["'](Msxml2|Microsoft)\.(Server)?XMLHTTP/ nocase
    $run = /\bAssembly\s{0,4}\.\s{0,4}Load\s{0,4}\(|\bProcess\s{0,4}\.\s{0,4}Start\s{0,4}\(|\beval\s{0,4}\([^;]{1,120},\s{0,4}["']unsafe|\bexecute(global)?\s{0,4}\(?\s{0,4}\w{0,40}\.responsetext/ nocase
  condition:
    server_code and all of them
}

rule page_runs_powershell
{
  meta:
    title = "Page that runs PowerShell inside the web server"
    description = "The page opens a runspace of PowerShell in the worker process and gives it text: no powershell.exe is started, so no process creation tells of it. If it also loads the snap-in of Exchange, it reaches mailboxes."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.001"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A self-service portal that administrators built"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "e843b584-ad96-43c2-a006-e09938f6e661"
  strings:
    $space = /\b(RunspaceFactory|PowerShell\s{0,4}\.\s{0,4}Create|CreatePipeline|CreateRunspace)\b/ nocase
    $script = /\b(AddScript|Commands\s{0,4}\.\s{0,4}Add(Script)?|AddCommand)\s{0,4}\(/ nocase
    $asked = /\bRequest\s{0,4}[.\[(!]|\.\s{0,4}Text\b|\b(WebMethod|OperationContract)\b/ nocase
  condition:
    server_code and all of them
}

rule page_deserializes_request
{
  meta:
    title = "Page that makes objects of what a request brings"
    description = "The page gives text or bytes of the request to a reader of .NET objects that runs code on the way. Whoever knows the page runs what he likes, without a word of it in the page."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "Old application pages that keep their state in a form field of their own"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "b3697558-712f-461d-8371-283f7ea2ba56"
  strings:
    $reader = /\b(BinaryFormatter|LosFormatter|ObjectStateFormatter|SoapFormatter|NetDataContractSerializer|XamlReader|XamlServices)\b/ nocase
    $read = /\.\s{0,4}(Deserialize|Parse|Load|ReadObject|UnsafeDeserialize)\s{0,4}\([^;]{0,160}\b(Request|FromBase64String|MemoryStream|StringReader|InputStream)\b/ nocase
    $bytes = /\bnew\s{1,4}(System\.IO\.)?MemoryStream\s{0,4}\([^;\r\n]{0,80}\b(Request|FromBase64String|BinaryRead|FromHexString)\b/ nocase
    $any = /\.\s{0,4}(Unsafe)?Deserialize\s{0,4}\(/ nocase
    $state = /\b(LosFormatter|ObjectStateFormatter)\s{0,4}\([^;)]{0,40}\)\s{0,4}\.\s{0,4}Deserialize\s{0,4}\(/ nocase
  condition:
    server_code and reads_request and ($state or ($reader and ($read or ($any and $bytes))))
}

rule page_runs_script_in_stylesheet
{
  meta:
    title = "Page that transforms with a stylesheet of the request"
    description = "The page allows scripts in stylesheets and takes the stylesheet from the request. The script inside runs on the server."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1220"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "ebaf8d78-9b5d-4c06-9622-48c27e4917b6"
  strings:
    $trusted = /\bXsltSettings\s{0,4}(\.\s{0,4}TrustedXslt|\([^)]{0,40}true\s{0,4}\))|\bmsxsl:script\b/ nocase
    $transform = /\bXsl(Compiled)?Transform\b/ nocase
    $load = /\bXslTransform\b[^%]{0,200}\.\s{0,4}Load\s{0,4}\(\s{0,4}(\w{1,30}\s{0,4}\.\s{0,4}){0,4}Request\s{0,4}[.\[(]/ nocase
  condition:
    server_code and $transform and reads_request and ($trusted or $load)
}

rule page_loads_assembly_from_path
{
  meta:
    title = "Page that loads an assembly by its path"
    description = "The page loads an assembly from a path that it puts together, makes objects of it or calls its methods, and reads the request."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1129"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "An application that loads its plug-ins by itself"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "d5477ea3-e7a0-45fc-bc0e-2e3ab60577c5"
  strings:
    $load = /\bAssembly\s{0,4}\.\s{0,4}(Unsafe)?Load(From|File)\s{0,4}\(\s{0,4}[^"'\s)]|\bCreateInstanceFrom\s{0,4}\(\s{0,4}[^"'\s)]/ nocase
    $call = /\b(CreateInstance|EntryPoint|InvokeMember|GetMethod)\s{0,4}[(.]/ nocase
  condition:
    server_code and all of them and reads_request
}
