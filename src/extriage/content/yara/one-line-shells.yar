// One-line shells: China Chopper and its kin in JScript, VBScript and C#.
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

rule page_evaluates_request
{
  meta:
    title = "Page that evaluates a value of the request"
    description = "The page hands a value of the request to the interpreter. This is the one-line shell which the client China Chopper talks to, and which intruders left on Exchange servers by the thousand in 2021."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.007"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "3ec69401-376c-4910-9890-73ba8c3cf51e"
  strings:
    $eval = /\beval\s{0,8}\(?\s{0,8}((System|Server|Convert|Encoding)\.[^;<>]{0,160})?\(?\s{0,4}Request\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Cookies|Headers|Params|ServerVariables)\s{0,4})?[\[(]\s{0,4}["'\w]/ nocase
    $quoted = /&(lt|#60|#x3c);%[^<]{0,60}\beval\s{0,8}\(?\s{0,8}Request\b/ nocase
  condition:
    server_code and #eval > #quoted
}

rule page_evaluates_value_of_request
{
  meta:
    title = "JScript page that evaluates what it took from the request"
    description = "The page takes a value from the request, keeps it, and evaluates it as JScript in unsafe mode: the one-line shell with a step in between."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.007"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "5a073787-179d-4ef7-99f0-b7f3866eddb8"
  strings:
    $unsafe = /\beval\s{0,8}\([^;]{1,200},\s{0,8}["'][ "'+a-z]{0,20}unsafe["']?\s{0,8}\)/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_jscript_unsafe
{
  meta:
    title = "JScript page that evaluates in unsafe mode"
    description = "JScript.NET evaluates with all rights only when it is told `unsafe`. Server pages in JScript are rare; one that asks for this mode evaluates something that somebody else writes."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "0987a5ec-35c7-4a45-ad3e-bed523d71022"
  strings:
    $language = /<(%@[^>]{0,120}\blanguage|script[^>]{0,80}\blanguage)\s{0,4}=\s{0,4}["']?(jscript|js|javascript)\b/ nocase
    $eval = /\b(eval|ev["'+ ]{3,9}al)\b/ nocase
    $unsafe = /["'](u["'+ ]{0,9}n["'+ ]{0,9}s["'+ ]{0,9}a["'+ ]{0,9}f["'+ ]{0,9}e)["']/ nocase
  condition:
    server_code and all of them
}

rule page_executes_request_in_vbscript
{
  meta:
    title = "Classic page that executes what a request brings"
    description = "VBScript executes a value of the request. It is the form of China Chopper for classic ASP, and runs wherever that is switched on."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.005"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2e7b19fa-1f2a-44ed-92b8-fe285b85aabf"
  strings:
    $execute = /\b(execute(global)?|eval)\s{0,8}\(?\s{0,8}"?&?\s{0,4}\(?request(\s{0,4}\.\s{0,4}(item|form|querystring|cookies|servervariables))?\s{0,4}\(/ nocase
    $stored = /\b(execute(global)?)\s{0,4}\(?\s{0,4}(session|application)\s{0,4}\(/ nocase
  condition:
    server_code and any of them
}

rule page_hides_execute_of_request
{
  meta:
    title = "Classic page that builds the word execute"
    description = "The page puts the word `execute` or `eval` together from pieces, character codes or replacements, and reads the request: a one-line shell that hides from searches."
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
    id = "fc889fb8-3d99-450a-92de-477457de6e13"
  strings:
    $pieces = /["']e["']?\s{0,4}[&+]\s{0,4}["']?(v|x)["']?\s{0,4}[&+]\s{0,4}["']?(a|e)/ nocase
    $replaced = /\b(execute(global)?|eval)\s{0,4}\(?\s{0,4}(replace|strreverse|mid|unescape|chr\s{0,4}\()\s{0,4}/ nocase
    $object = /createobject\s{0,4}\(\s{0,4}["']MSScriptControl\.ScriptControl/ nocase
  condition:
    server_code and reads_request and any of ($pieces, $replaced, $object)
}

rule page_compiles_request
{
  meta:
    title = "Page that compiles code of the request"
    description = "The page compiles source code with the provider of C#, VB or JScript and reads the request: the caller sends source code and it runs. Administrators have no such page on a mail server."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027.004"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A page of developers that tries code; never on a mail server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "419e042b-d1b8-4f47-ac86-e2b638803afc"
  strings:
    $compile = /\bCompileAssemblyFromSource\b/ nocase
    $provider = /\b((CSharp|VB|JScript)CodeProvider|CodeDomProvider\s{0,4}\.\s{0,4}CreateProvider)\b/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_jscript_makes_function
{
  meta:
    title = "JScript page that makes functions of text"
    description = "Server pages in JScript are rare; one that makes a function of text at run time runs what somebody else wrote."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.007"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "e47f953f-979b-4781-b03d-42631ec60912"
  strings:
    $language = /<(%@[^>]{0,120}\blanguage|script[^>]{0,80}\blanguage)\s{0,4}=\s{0,4}["']?(jscript|js|javascript)\b/ nocase
    $server = /<%@|\brunat\s{0,4}=\s{0,4}["']?server/ nocase
    $function = /\bnew\s{1,8}Function\s{0,4}\(/
  condition:
    all of them and reads_request
}

rule page_jscript_evaluates
{
  meta:
    title = "JScript page that evaluates something"
    description = "A server page in JScript reads the request and evaluates text. What it evaluates has to be read in the page."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.007"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "Old pages that evaluate text in the browser"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "286547a4-0158-46e7-be46-8a12a7922c09"
  strings:
    $language = /<%@[^>]{0,120}\blanguage\s{0,4}=\s{0,4}["']?(jscript|js|javascript)\b|<script[^>]{0,80}\blanguage\s{0,4}=\s{0,4}["']?(jscript|js)\b[^>]{0,80}\brunat|<script[^>]{0,80}\brunat[^>]{0,80}\blanguage\s{0,4}=\s{0,4}["']?(jscript|js)\b/ nocase
    $eval = /(^|[^.\w])eval\s{0,4}\(|\[\s{0,4}["']eval["']\s{0,4}\]/ nocase
  condition:
    all of them and reads_request
}

rule page_executes_variable
{
  meta:
    title = "Classic page that executes a variable"
    description = "The page gives a variable to Execute or ExecuteGlobal of VBScript, and reads the request. Some old applications bind in their parts that way."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1059.005"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "Classic applications that load parts of themselves at run time"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "4e15cd3d-2649-401e-a1d0-2450442365c7"
  strings:
    $execute = /(^|[\r\n:]|<%|\b(then|else))[ \t]{0,40}execute(global)?(\s{1,4}|\s{0,4}\(\s{0,4})[A-Za-z_]\w{0,40}\s{0,4}\)?[ \t]{0,8}(\r|\n|:|%>|;)/ nocase
  condition:
    server_code and $execute and reads_request
}
