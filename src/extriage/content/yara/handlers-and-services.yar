// Shells that are no pages: handlers, SOAP and WCF services, web.config, routes and listeners.
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

rule handler_runs_orders
{
  meta:
    title = "Handler that runs orders"
    description = "A handler, most often an asynchronous one, starts programs, loads assemblies or opens connections for what a request brings. Handlers need no page: an .ashx file or one line in a web.config is enough."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A handler that administrators built to start one tool"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "f9da3770-7d1b-4f66-8828-912d72c065b2"
  strings:
    $class = /:\s{0,4}[\w., ]{0,60}\b(System\.Web\.)?IHttp(Async)?Handler(Factory)?\b|\bImplements\s{1,4}(\w{1,30}\.){0,3}IHttp(Async)?Handler\b/
    $order = /\b(CompileAssemblyFromSource|VirtualAlloc|Win32_Process|WScript\.Shell|(Binary|Los|ObjectState|Soap)Formatter|NetDataContractSerializer)\b|\bAssembly\s{0,4}\.\s{0,4}(Unsafe)?Load(From|File)?\s{0,4}\(\s{0,4}[^"'\s)]|\bAssembly\b[^;]{0,60}["']Load|\bAppDomain\b[^;]{0,60}\.\s{0,4}Load\s{0,4}\(|["']System\.Diagnostics\.Process\b|\.\s{0,4}eval\s{0,4}\(|\bSystem\.Management\.Automation\b/ nocase
    $start = /\b(Process\s{0,4}\.\s{0,4}Start|new\s{1,4}(System\.Diagnostics\.)?Process(StartInfo)?\b)/ nocase
    $shell = /["'][^"'\r\n]{0,60}\b(cmd|powershell|pwsh|wscript|cscript|mshta|rundll32|certutil)(\.exe)?\b|\bComSpec\b/ nocase
    $open = /\b(Process\s{0,4}\.\s{0,4}Start|new\s{1,4}(System\.Diagnostics\.)?ProcessStartInfo)\s{0,4}\([^;"']{0,80}\bRequest\b|\bFileName\s{0,4}=\s{0,4}[A-Za-z_]|\bStandardInput\s{0,4}\.\s{0,4}Write/ nocase
    $output = /\b(RedirectStandardOutput|StandardOutput\s{0,4}\.\s{0,4}ReadToEnd)\b/ nocase
    $renamed = /\b(using|imports)\s{1,4}\w{1,40}\s{0,4}=\s{0,4}System\.Diagnostics\.Process(StartInfo)?\b/ nocase
  condition:
    $class and reads_request and ($order or $renamed or ($start and ($shell or $open or $output)))
}

rule handler_writes_files
{
  meta:
    title = "Handler that writes files for its caller"
    description = "A handler stores bytes of the request in a file whose name the request gives."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A handler for uploads of an editor on a web site"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "7100484c-635d-45d0-abd8-f642d02832c7"
  strings:
    $class = /:\s{0,4}[\w., ]{0,60}\b(System\.Web\.)?IHttp(Async)?Handler\b/
    $write = /\b(WriteAllBytes|WriteAllText|FileMode\s{0,4}\.\s{0,4}Create|SaveAs|new\s{1,4}(System\.IO\.)?(FileStream|StreamWriter))\b/
    $named = /\bRequest\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Params|Headers)\s{0,4})?\[\s{0,4}["'](path|file|filename|fn|f|name|p|dir|folder|target|dst)["']/ nocase
    $checked = /\b(GetExtension|AllowedExtensions|IsAuthenticated|GetFileName\s{0,4}\()\b/
  condition:
    $class and $write and $named and not $checked
}

rule service_runs_orders
{
  meta:
    title = "SOAP service that runs orders"
    description = "A web service (.asmx, .soap, .svc) has a method that starts programs, loads assemblies, writes files or evaluates text. Its orders travel inside XML, where searches for form fields do not see them."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A service that administrators built to start one tool"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "10e27341-6e52-4712-aa2f-bd4ad920c84f"
  strings:
    $service = /<%@\s{0,8}(WebService|ServiceHost)\b/ nocase
    $method = /\[\s{0,4}(\w{1,40}\.){0,6}(WebMethod|OperationContract|WebInvoke|WebGet)\b|<\s{0,4}(WebMethod|OperationContract)\b|\bWebMethodAttribute\b/ nocase
    $order = /\b(Process\s{0,4}\.\s{0,4}Start|new\s{1,4}(System\.Diagnostics\.)?Process(StartInfo)?\b|CompileAssemblyFromSource|Assembly\s{0,4}\.\s{0,4}Load\s{0,4}\(|System\.Management\.Automation|VirtualAlloc|CreateDecryptor|WScript\.Shell|(Binary|Los|ObjectState|Soap)Formatter|NetDataContractSerializer|RunspaceFactory)|["']System\.Diagnostics\.Process\b|:Win32_Process["']|\bAssembly\s{0,4}\.\s{0,4}(Unsafe)?Load(From|File)\s{0,4}\(\s{0,4}[^"'\s)]|\bAppDomain\b[^;]{0,60}\.\s{0,4}Load\s{0,4}\(|\b(using|imports)\s{1,4}\w{1,40}\s{0,4}=\s{0,4}System\.Diagnostics\.Process(StartInfo)?\b|[^.\w]Shell\s{0,4}\(\s{0,4}["'][^"'\r\n]{0,200}["']\s{0,4}&|\bAssembly\b[^;]{0,60}["']Load|\beval\s{0,4}\([^;]{1,120},\s{0,4}["']unsafe|\bFile\s{0,4}\.\s{0,4}WriteAll(Bytes|Text)\s{0,4}\(/ nocase
  condition:
    all of them
}

rule service_jscript
{
  meta:
    title = "SOAP service in JScript"
    description = "A .asmx or .soap service is written in JScript and evaluates what a method is given. Vendors write services in C# or VB."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.007"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2011a550-97f1-4673-8c21-881b06386d76"
  strings:
    $service = /<%@\s{0,8}(WebService|WebHandler|ServiceHost)\b[^>]{0,160}\blanguage\s{0,4}=\s{0,4}["']?j(ava)?script/ nocase
    $eval = /\beval\b/ nocase
  condition:
    all of them
}

rule configuration_with_code
{
  meta:
    title = "Server code inside a configuration file"
    description = "A web.config has both a configuration and server code. With a handler that maps .config files to the page compiler, the file is a shell that no list of pages shows."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1505.004"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "18fda82a-fad7-4d37-bc2a-72b61838bfd0"
  strings:
    $configuration = /<configuration\b/ nocase
    $code = /<%[^@]{0,40}\b(request|eval|execute|response|process|server\.createobject|dim|set)\b|<%@[^>]{0,80}\b(page|language)\b|<script[^>]{0,80}\brunat/ nocase
  condition:
    all of them
}

rule page_registers_route_or_module
{
  meta:
    title = "Page that hooks itself into all requests"
    description = "The page registers a module, a route, a filter or a provider of virtual pages while the site runs. After that the page can be deleted: what it hooked stays in memory until the pool is recycled."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "machine-keys"
    persistence = "web-shell"
    attack = "T1505.003 T1620"
    scope = "web-file"
    reference = "https://securelist.com/ghostcontainer/116953/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "A content management system that serves pages from a database"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "c43dfe82-1e46-4661-8292-b269faeb77f7"
  strings:
    $hook = /\b(HostingEnvironment\s{0,4}\.\s{0,4}RegisterVirtualPathProvider|HttpApplication\s{0,4}\.\s{0,4}RegisterModule|DynamicModuleUtility|GlobalFilters\s{0,4}\.\s{0,4}Filters\s{0,4}\.\s{0,4}(Add|Insert)|GlobalConfiguration\s{0,4}\.\s{0,4}Configuration\s{0,4}\.\s{0,4}MessageHandlers|VirtualPathProvider)\b|["'](RegisterVirtualPathProviderInternal|_virtualPathProvider)["']|\bRouteTable\s{0,4}\.\s{0,4}Routes\s{0,4}\.\s{0,4}(Insert|Add)\s{0,4}\(\s{0,4}0?\s{0,4},?\s{0,4}new\b/
    $power = /\b(Assembly\s{0,4}\.\s{0,4}Load\s{0,4}\(|Process\s{0,4}\.\s{0,4}Start|CompileAssemblyFromSource|CreateDecryptor|FromBase64String|VirtualFile|GetField\s{0,4}\(|BindingFlags\s{0,4}\.\s{0,4}NonPublic)/
  condition:
    server_code and all of them
}

rule page_opens_listener
{
  meta:
    title = "Page that listens by itself"
    description = "The page opens a listener of HTTP.sys inside the worker process, for an address of its own choice. What it answers is in no IIS log."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1205"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known on a mail server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "846fb212-b14b-4d8a-8519-35643a6ef2c6"
  strings:
    $listener = /\bHttpListener\b/
    $prefix = /\bPrefixes\s{0,4}\.\s{0,4}Add\s{0,4}\(/
    $answer = /\b(GetContext|BeginGetContext|GetContextAsync)\s{0,4}\(/
  condition:
    server_code and all of them
}
