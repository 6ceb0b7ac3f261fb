// The managers that came after China Chopper: Godzilla, Behinder (IceScorpion), AntSword, SharPyShell.
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

rule page_godzilla
{
  meta:
    title = "Shell of the Godzilla client"
    description = "The page keeps an assembly in the session, which the first encrypted request brought, and lets it work for all later ones. This is how the client Godzilla works."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1620"
    scope = "web-file"
    reference = "https://unit42.paloaltonetworks.com/manageengine-godzilla-nglite-kdcsponge/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2084e9ea-217f-44f3-87c6-ec610ae490fe"
  strings:
    $keep = /\bSession\s{0,4}[\[(]\s{0,4}["'][^"']{1,40}["']\s{0,4}[\])]\s{0,4}(\.\s{0,4}Value\s{0,4})?(=|==|\)|;|\.|,)/ nocase
    $load = /\bAssembly\b[^;]{0,80}(\.\s{0,4}Load\b|GetMethod\s{0,4}\(\s{0,4}"Load")/ nocase
    $decrypt = /\b(CreateDecryptor|TransformFinalBlock)\b/ nocase
    $instance = /\bCreateInstance\s{0,4}\(/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_answers_between_halves_of_md5
{
  meta:
    title = "Answer between the two halves of an MD5 value"
    description = "The page writes the first half of an MD5 value before its answer and the second half after it, as shells of the Godzilla client do so that their client finds the answer."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1132.001"
    scope = "web-file"
    reference = "https://unit42.paloaltonetworks.com/manageengine-godzilla-nglite-kdcsponge/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "4ec28aa2-0a21-4615-8c2a-50c314a6583f"
  strings:
    $first = /\.\s{0,4}Substring\s{0,4}\(\s{0,4}0\s{0,4},\s{0,4}16\s{0,4}\)/ nocase
    $second = /\.\s{0,4}Substring\s{0,4}\(\s{0,4}16\s{0,4}\)/ nocase
    $md5 = /\bMD5(CryptoServiceProvider|Cng)?\b/ nocase
    $write = /\bResponse\s{0,4}\.\s{0,4}Write\b/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_behinder
{
  meta:
    title = "Shell of the Behinder client"
    description = "The page decrypts the whole body of a request, loads the result as an assembly and calls it with the page itself. This is how the client Behinder (IceScorpion) works, and shells of AntSword for .NET do the same."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1620"
    scope = "web-file"
    reference = "https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-074a"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "f280863e-7572-4cc9-b47e-70c09d8245ed"
  strings:
    $load = /\bAssembly\s{0,4}\.\s{0,4}Load\s{0,4}\(/ nocase
    $decrypt = /\b(CreateDecryptor|TransformFinalBlock|FromBase64String)\b/ nocase
    $body = /\bRequest\s{0,4}\.\s{0,4}(BinaryRead|InputStream|GetBufferlessInputStream)\b/ nocase
    $call = /\.\s{0,4}CreateInstance\s{0,4}\(\s{0,4}["'][A-Za-z]{1,24}["']\s{0,4}\)\s{0,4}\.\s{0,4}Equals\s{0,4}\(/ nocase
  condition:
    server_code and $load and $call and ($decrypt or $body)
}

rule page_default_key_of_client
{
  meta:
    title = "Key that a shell client brings along"
    description = "In the page stands the key that every copy of a shell client comes with: the first half of the MD5 value of `rebeyond` (Behinder), `key` (Godzilla) or `pass`. Few change it."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003"
    scope = "web-file"
    reference = "https://unit42.paloaltonetworks.com/manageengine-godzilla-nglite-kdcsponge/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "ed952bd3-86a2-4074-aa4c-b4b9aa706591"
  strings:
    $behinder = "e45e329feb5d925b" nocase
    $godzilla = "3c6e0b8a9c15224a" nocase
    $pass = "1a1dc91c907325c6" nocase
  condition:
    server_code and any of them
}

rule page_antsword
{
  meta:
    title = "Shell of the AntSword client"
    description = "The page writes `->|` before its answer and `|<-` after it, which is where the clients AntSword and China Chopper look for it."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://attack.mitre.org/software/S0020/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "32f1c3a3-38e1-40ce-9cc6-a93d224fb1bf"
  strings:
    $begin = "->|"
    $end = "|<-"
    $write = /\bResponse\s{0,4}\.\s{0,4}(Write|BinaryWrite)\b/ nocase
  condition:
    server_code and all of them and reads_request
}

rule page_sharpyshell
{
  meta:
    title = "Shell of SharPyShell"
    description = "The page undoes an XOR over what the request brings, compiles the result in memory and calls its one method. SharPyShell builds such pages; in 2022 they were planted through ProxyNotShell."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027.004"
    scope = "web-file"
    reference = "https://www.microsoft.com/en-us/security/blog/2022/09/30/analyzing-attacks-using-the-exchange-vulnerabilities-cve-2022-41040-and-cve-2022-41082/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "709aa7aa-9b8a-4585-add4-5d5b62d6b02b"
  strings:
    $name = /\bclass\s{1,4}SharPyShell\b|["']SharPyShell["']/ nocase
    $method = /["'](ExecRuntime|SharPy)["']/ nocase
    $xor = /\^\s{0,4}\w{1,40}\s{0,4}\[\s{0,4}\w{1,20}\s{0,4}%\s{0,4}\w{1,40}\s{0,4}\.\s{0,4}Length/ nocase
    $base64 = /\bFromBase64String\b/ nocase
    $compile = /\b(CompileAssemblyFromSource|Assembly\s{0,4}\.\s{0,4}Load)\b/ nocase
    $call = /\b(InvokeMember|GetMethod|CreateInstance)\b/ nocase
  condition:
    server_code and ($name or ($method and $call) or ($xor and $base64 and $compile and $call and
    reads_request))
}
