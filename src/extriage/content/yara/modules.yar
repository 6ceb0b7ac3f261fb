// IIS modules and pages in memory, told by what stands in their assemblies.
// Written for extriage; Apache-2.0. Each rule has a case in content/cases/<campaign>/.

private rule reads_request
{
  strings:
    $request = /\brequest\s{0,4}(\.\s{0,4}(item|form|querystring|params|headers|cookies|inputstream|binaryread|files|servervariables|unvalidated|contentlength|totalbytes|rawurl|pathinfo|useragent|userlanguages|urlreferrer|getbufferlessinputstream|saveas)\b|[\[(!,;)])|\bHttpRequest(Base)?\s{1,4}\w|\[\s{0,4}["']Request["']\s{0,4}\]/ nocase
  condition:
    $request
}

rule module_owowa
{
  meta:
    title = "Owowa: a module that keeps passwords of Outlook on the web"
    description = "The class and the three names typed by its owner stand in the file. Owowa is a module of IIS: it keeps every name and password that logs on, and gives them to whoever types these names."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "iis-modules"
    persistence = "iis-module"
    attack = "T1505.004 T1056.003"
    scope = "web-file compiled-assembly"
    reference = "https://securelist.com/owowa-credential-stealer-and-remote-access/105219/"
    reference = "https://attack.mitre.org/techniques/T1505/004/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "27643a31-0d8d-485a-9e3d-c8cc45af4a8e"
  strings:
    $order1 = "jFuLIXpzRdateYHoVwMlfc" ascii wide
    $order2 = "Fb8v91c6tHiKsWzrulCeqO" ascii wide
    $order3 = "dEUM3jZXaDiob8BrqSy2PQO1" ascii wide
    $class = "ExtenderControlDesigner" ascii wide
    $hook = /P\x00?r\x00?e\x00?S\x00?e\x00?n\x00?d\x00?R\x00?e\x00?q\x00?u\x00?e\x00?s\x00?t\x00?C\x00?o\x00?n\x00?t\x00?e\x00?n\x00?t/
  condition:
    any of ($order*) or ($class and $hook)
}

rule module_session_manager
{
  meta:
    title = "SessionManager: a module that takes orders in a cookie"
    description = "The orders of the IIS back door SessionManager stand in the file: they come in a cookie whose name begins with SM_SESSION."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "iis-modules"
    persistence = "iis-module"
    attack = "T1505.004"
    scope = "web-file compiled-assembly"
    reference = "https://securelist.com/the-sessionmanager-iis-backdoor/106868/"
    reference = "https://attack.mitre.org/techniques/T1505/004/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "93cecc67-03a3-4e58-b6a0-17a239ba6945"
  strings:
    $cookie = "SM_SESSION" ascii wide nocase
    $order = /\b(GETFILE|PUTFILE|DELETEFILE|FILESIZE|S5CONNECT|S5WRITE|S5READ|S5CLOSE|PINGOK)\b/ ascii wide
  condition:
    $cookie and #order > 1
}

rule module_takes_orders
{
  meta:
    title = "Module that takes orders from requests"
    description = "A module of ASP.NET that sees every request also starts programs, loads assemblies or decrypts orders. In source form it lies below App_Code or inside a page."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "iis-modules"
    persistence = "iis-module"
    attack = "T1505.004"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/004/"
    falsepositive = "A module of a vendor that decrypts tokens"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "cabd9c62-edf7-49e0-b0ed-be65af7c2706"
  strings:
    $class = /:\s{0,4}[\w., ]{0,60}\b(System\.Web\.)?IHttpModule\b/
    $event = /\b(BeginRequest|PreSendRequestContent|PreRequestHandlerExecute|EndRequest|AuthenticateRequest)\b/
    $order = /\b(Process\s{0,4}\.\s{0,4}Start|new\s{1,4}(System\.Diagnostics\.)?Process(StartInfo)?\b|CompileAssemblyFromSource|Assembly\s{0,4}\.\s{0,4}Load\s{0,4}\(|CreateDecryptor|AppendAllText|System\.Management\.Automation)/
  condition:
    all of them and reads_request
}

rule assembly_ghost_container
{
  meta:
    title = "Compiled code that serves pages that do not exist"
    description = "The assembly has the names by which GhostContainer is known: a provider of virtual pages and a tunnel, loaded into Exchange and kept in memory."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "machine-keys"
    persistence = "memory-module"
    attack = "T1505.003 T1620"
    scope = "web-file compiled-assembly"
    reference = "https://securelist.com/ghostcontainer/116953/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "8a016539-975c-4639-bd97-d02e7725843e"
  strings:
    $name = /\bApp_Web_(Container_1|8c9b251fb5b3)\b/ ascii wide
    $tunnel = /\b(Neo-?reGeorg|StrTr)\b/ ascii wide
    $provider = "VirtualPathProvider" ascii wide
    $header = "x-owa-urlpostdata" ascii wide nocase
    $key = /\bQprtfva\b|\bDzvvlnwkccf\b/ ascii wide nocase
  condition:
    any of ($key, $header) or ($name and $provider) or ($provider and $tunnel)
}
