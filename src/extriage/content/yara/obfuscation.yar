// Ways to write a shell so that nobody finds its words.
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

rule page_unicode_escapes
{
  meta:
    title = "Words written as Unicode escapes"
    description = "Words of the program are written as `\\u0065\\u0076…`, letters that need no escape. C# and JScript read them as plain letters; searches do not."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "Text of another program in a string"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "e3a09ce8-9a15-4baa-b2be-3785a1925739"
  strings:
    $word = /(\\u00[4-7][0-9a-f]){4,60}/ nocase
    $long = /(\\U000000[4-7][0-9a-f]){3,60}/
    $mixed = /[A-Za-z]\\u00[4-7][0-9a-f][A-Za-z]{1,12}\\u00[4-7][0-9a-f]/ nocase
  condition:
    server_code and any of them
}

rule page_comment_splicing
{
  meta:
    title = "Comments between the parts of one expression"
    description = "Comments stand between a name, its dot and its bracket, where nobody puts any: they cut apart what searches look for."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "68d2f607-697c-41f2-af57-3fbd03d4d193"
  strings:
    $request = /\b(Request|Item|Form|QueryString|BinaryRead|eval|execute|Assembly|Load|Process|Start|CreateInstance|FromBase64String|Invoke)\s{0,4}(\/\*[^*<>]{0,60}\*\/\s{0,4}){1,9}[.(\[]/ nocase
    $member = /\.\s{0,4}(\/\*[^*<>]{0,60}\*\/\s{0,4}){1,9}(Item|Form|QueryString|BinaryRead|Load|Start|CreateInstance|FromBase64String|GetBytes|Invoke|GetString)\b/ nocase
    $many = /(\/\*[A-Za-z0-9]{0,40}\*\/[A-Za-z."(){}\[\]=;,]{1,16}){6}/
  condition:
    server_code and any of them
}

rule page_joined_words
{
  meta:
    title = "Words put together from pieces"
    description = "The page puts the names of dangerous methods or programs together from short pieces of text, so that they nowhere stand as a word."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "d44a5dc7-85fd-40ea-b1d3-ce90bd51343d"
  strings:
    $pieces = /["'][a-z.]{1,4}["']\s{0,3}[+&]\s{0,3}["'][a-z.]{1,4}["']\s{0,3}[+&]\s{0,3}["'][a-z.]{1,4}["']\s{0,3}[+&]\s{0,3}["'][a-z.]{1,4}["']/ nocase
    $word = /["'](cm|un|uns|unsa|unsaf|ev|eva|power|powers|WScript\.|WScr|Lo|Assem|Asse)["']\s{0,4}[+&]\s{0,4}["'](d|safe|afe|fe|e|al|l|shell|hell|Shell|ipt\.Shell|ad|bly|mbly)["'.]/
    $use = /\b(eval|execute|executeglobal|GetMethod|Invoke|InvokeMember|CreateInstance|Process|createobject|GetType|FromBase64String|CreateObject)\b/ nocase
  condition:
    server_code and $use and any of ($pieces, $word)
}

rule page_character_codes
{
  meta:
    title = "Words written as character codes"
    description = "The page makes its words from numbers, one character after the other, and calls what they name."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "Code that makes a key or a picture from numbers"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "31c006d5-12da-4878-960b-ec6903c22f8e"
  strings:
    $chr = /(\bChrW?\s{0,2}\(\s{0,4}(&H)?[0-9a-f]{2,3}\s{0,4}\)\s{0,4}[&+]\s{0,4}){5}/ nocase
    $cast = /(\(\s{0,2}char\s{0,2}\)\s{0,2}\(?\s{0,2}(0x)?[0-9a-f]{2,3}\)?\s{0,4}[+,]\s{0,4}){5}/
    $from = /\bString\s{0,4}\.\s{0,4}fromCharCode\s{0,4}\(\s{0,4}(\d{2,3}\s{0,4},\s{0,4}){5}/ nocase
    $bytes = /\bnew\s{1,4}byte\s{0,4}\[\s{0,4}\]\s{0,4}\{\s{0,4}((0x[0-9a-f]{2}|\d{2,3})\s{0,4},\s{0,4}){6}/
    $use = /\b(eval|execute|executeglobal|GetMethod|Invoke|InvokeMember|CreateInstance|createobject|Process|Assembly)\b/ nocase
    $client = /<script(\s{1,4}type\s{0,2}=\s{0,2}["'][^"']{0,40}["'])?\s{0,4}>[^<]{0,2000}fromCharCode/ nocase
  condition:
    server_code and $use and (any of ($chr, $cast, $bytes) or ($from and not $client))
}

rule page_evaluates_encoded_text
{
  meta:
    title = "Page that evaluates decoded text"
    description = "The page decodes Base64, hex, escaped or reversed text and evaluates the result at once."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1140"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "b711b677-700a-4045-9d36-8b7a3d9d787e"
  strings:
    $eval = /\b(eval|execute(global)?)\b\s{0,4}\(?[^;<>%]{0,120}\b(FromBase64String|unescape|StrReverse|UrlDecode|HexToStr|Base64Decode|Reverse|GetString|decodeURIComponent)\s{0,4}\(/ nocase
    $client = /<script(\s{1,4}type\s{0,2}=\s{0,2}["'][^"']{0,40}["'])?\s{0,4}>[^<]{0,4000}\beval\s{0,4}\([^;]{0,80}(unescape|decodeURIComponent)/ nocase
  condition:
    server_code and $eval and not $client
}

rule page_script_encoder
{
  meta:
    title = "Page hidden by the script encoder"
    description = "The code was hidden with the Windows Script Encoder, which Microsoft gave up long ago. ASP still runs it; nobody who means well still writes it."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "Classic ASP applications of the year 2000"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "5607074f-0877-4318-991f-3b9c3965eb7b"
  strings:
    $language = /\blanguage\s{0,4}=\s{0,4}["']?(VBScript|JScript)\.Encode/ nocase
    $begin = "#@~^"
    $end = "^#~@"
  condition:
    server_code and (($begin and $end) or ($language and $begin))
}

rule page_in_odd_code_page
{
  meta:
    title = "Page in a code page that hides its words"
    description = "The page says that it is written in UTF-7, EBCDIC or UTF-32, or brings such text along. ASP.NET compiles it all the same; searches in plain text find nothing."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "2216d35c-965a-49e4-a1ce-a3ab00686f1d"
  strings:
    $directive = /\bcodepage\s{0,4}=\s{0,4}["']?\s{0,4}(37|500|1026|1047|1140|20273|20277|20285|20297|65000|12000|12001)\b/ nocase
    $named = /\b(ResponseEncoding|encoding|charset)\s{0,4}=\s{0,4}["']?\s{0,4}(utf-7|ibm0?(37|500|1026|1047|1140|273)|cp0?37|x-ebcdic[\w-]{0,30})\b/ nocase
    $utf7 = /\+ADw-?(%|ACU)|\+ADwAJQ/
  condition:
    (server_code and ($directive or $named)) or $utf7
}

rule page_hides_in_long_line
{
  meta:
    title = "Code far to the right"
    description = "Server code stands behind hundreds of blanks, or after many empty lines at the end of a page, where an editor does not show it."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1027/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "Pages that a generator wrote with much white space"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "8c1b60d5-c457-4ef2-92b8-1ff9f667cb84"
  strings:
    $blanks = /[ \t]{300}(<%|<script[^>]{0,80}\brunat|eval|execute)/ nocase
    $lines = /(\r?\n[ \t]{0,8}){150}<(%|script[^>]{0,80}\brunat)/ nocase
  condition:
    any of ($blanks, $lines) and reads_request
}

rule page_decodes_names_it_uses
{
  meta:
    title = "Page that decodes the names of what it uses"
    description = "The page gives unreadable text to a function of its own, which turns it letter by letter into the name of an object or into code, and uses that at once."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1140"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1140/"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    falsepositive = "A bought application that hides its code"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "1dbb6659-3766-4066-b1f8-15964af294e9"
  strings:
    $use = /\b(CreateObject|GetObject|GetTypeFromProgID|GetType|GetMethod|InvokeMember|execute(global)?|eval)\s{0,4}\(?\s{0,4}[A-Za-z_]\w{0,30}\s{0,4}\(\s{0,4}("([^"\r\n.]|""){8,4000}"|'[^'\r\n.]{8,4000}')/ nocase
    $decode = /\b(Xor|StrReverse|fromCharCode|AscW?|ChrW?)\b|\(\s{0,2}char\s{0,2}\)\s{0,2}\(|\^\s{0,2}[\w(]/ nocase
    $function = /\b(function|static|string|private|public)\s{1,4}[A-Za-z_][\w ]{0,40}\(/ nocase
  condition:
    server_code and all of them
}
