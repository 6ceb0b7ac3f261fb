// Changes to the logon page that send or keep passwords.
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

rule logon_page_sends_password_away
{
  meta:
    title = "Logon page that sends the password elsewhere"
    description = "The logon page of Outlook on the web, or its script, sends the password in a request of its own: to another address, as the address of a picture, in a cookie or a header. Every password typed since then is known."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "credential-loggers"
    persistence = "credential-logger"
    attack = "T1056.003"
    scope = "web-file"
    reference = "https://global.ptsecurity.com/en/research/pt-esc-threat-intelligence/"
    reference = "https://attack.mitre.org/techniques/T1056/003/"
    falsepositive = "A plug-in for a second factor that adds a call of its own"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "42734c8a-f9f3-4491-b923-ce269c603477"
  strings:
    $logon = /\bfunction\s{1,4}clkLgn\b|Microsoft\.Exchange\.HttpProxy\.Logon\b|\bgbid\s{0,4}\(\s{0,4}["'](password|username)["']|\bid\s{0,4}=\s{0,4}["']?lgnDiv\b|\bflogon\b|\/owa\/auth\.owa\b/ nocase
    $value = /\b(gbid|getElementById|getElementsByName|querySelector|\$)\s{0,4}\(\s{0,4}["'][#\[\]a-z="']{0,12}(password|passwordText)\b[^;]{0,40}\.\s{0,4}(value|val)\b|\bpassword\s{0,4}\.\s{0,4}value\b|new\s{1,4}FormData\s{0,4}\(/ nocase
    $send = /\bnew\s{1,4}(XMLHttpRequest|Image|WebSocket|EventSource)\b|\bActiveXObject\s{0,4}\(|\bfetch\s{0,4}\(|\bsendBeacon\s{0,4}\(|\$\s{0,4}\.\s{0,4}(ajax|post|get)\s{0,4}\(|\.\s{0,4}src\s{0,4}=\s{0,4}[^;]{0,160}(\+|encodeURIComponent|btoa)|\bdocument\s{0,4}\.\s{0,4}cookie\s{0,4}=[^;]{0,160}\b(password|pwd|btoa|pass)\b/ nocase
  condition:
    all of them
}

rule logon_page_keeps_password
{
  meta:
    title = "Server code that keeps the password"
    description = "A page that has to do with the logon reads the password of the form on the server and writes it to a file or sends it on. Exchange handles that form in its own assembly and never in a page."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "credential-loggers"
    persistence = "credential-logger"
    attack = "T1056.003"
    scope = "web-file"
    reference = "https://global.ptsecurity.com/en/research/pt-esc-threat-intelligence/"
    reference = "https://attack.mitre.org/techniques/T1056/003/"
    falsepositive = "A logon page of another application that writes a log"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "11f09023-b62c-43a4-afa2-757e63039443"
  strings:
    $password = /\bRequest\s{0,4}(\.\s{0,4}(Form|Item|Params)\s{0,4})?\[\s{0,4}["'](password|passwd|pwd)["']\s{0,4}\]/ nocase
    $keep = /\b(AppendAllText|AppendAllLines|WriteAllText|StreamWriter|AppendText|FileStream|WebClient|HttpWebRequest|SmtpClient|UploadString|DownloadString|HttpClient)\b/
    $user = /\bRequest\s{0,4}(\.\s{0,4}(Form|Item|Params)\s{0,4})?\[\s{0,4}["'](user(name)?|login|email)["']\s{0,4}\]/ nocase
  condition:
    server_code and all of them
}

rule logon_page_encodes_password
{
  meta:
    title = "Logon page that encodes the password"
    description = "In the logon page or its script the password is encoded, encrypted or joined with the name, which its own script never does. Where it goes may be built elsewhere: compare with the file of the same build."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "credential-loggers"
    persistence = "credential-logger"
    attack = "T1056.003"
    scope = "web-file"
    reference = "https://global.ptsecurity.com/en/research/pt-esc-threat-intelligence/"
    reference = "https://attack.mitre.org/techniques/T1056/003/"
    falsepositive = "A plug-in for a second factor"
    falsepositive = "A page changed to encrypt in the browser"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "7b1427ad-758e-4b9c-8bc7-86a9e39c7c0e"
  strings:
    $logon = /\bfunction\s{1,4}clkLgn\b|Microsoft\.Exchange\.HttpProxy\.Logon\b|\bgbid\s{0,4}\(\s{0,4}["'](password|username)["']|\bid\s{0,4}=\s{0,4}["']?lgnDiv\b|\bflogon\b|\/owa\/auth\.owa\b/ nocase
    $encode = /\b(btoa|encodeURIComponent|escape|JSON\.stringify|CryptoJS\.[A-Za-z.]{2,40}|encrypt)\s{0,4}\([^;]{0,120}\b(password|passwd|pwd)\b/ nocase
    $join = /\busername\b[^;\r\n]{0,40}\.value\s{0,4}\+[^;\r\n]{0,40}\bpassword\b[^;\r\n]{0,20}\.value/ nocase
  condition:
    $logon and any of ($encode, $join)
}
