// Tunnels into the network behind the server: reGeorg, Neo-reGeorg, suo5, pivotnacci and their like.
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

rule page_regeorg
{
  meta:
    title = "Tunnel page of reGeorg"
    description = "The page opens connections into the network for commands in the headers `X-CMD`, `X-TARGET` and `X-PORT`: reGeorg. Look for long runs of small requests to it."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "998fba3d-93c2-49d2-a12c-1a9ec221df62"
  strings:
    $order = /["']X-(CMD|STATUS|TARGET|PORT|ERROR)["']/ nocase
    $greeting = "Georg says" nocase
    $socket = /\b(Socket|TcpClient)\b/
  condition:
    server_code and ($greeting or ($socket and #order > 2))
}

rule page_neoregeorg
{
  meta:
    title = "Tunnel page of Neo-reGeorg"
    description = "The page translates Base64 letters by a secret alphabet before it connects elsewhere: Neo-reGeorg, whose orders look like random headers."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "ddefda71-ca7b-4fd6-a9d9-17a4b8ff39fc"
  strings:
    $translate = /\bStrTr\s{0,4}\(/ nocase
    $alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    $socket = /\b(Socket|TcpClient)\b/
    $base64 = /\b(FromBase64String|ToBase64String)\b/
  condition:
    server_code and $socket and $base64 and ($translate or $alphabet)
}

rule page_pivotnacci
{
  meta:
    title = "Tunnel page of pivotnacci"
    description = "The page takes orders to create, send, receive and close connections from headers: pivotnacci or a tunnel like it."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "178d502e-ffdf-407d-b7c6-7f5f000025c4"
  strings:
    $header = /["']X-(Operation|Id|Ip|Port|Svc|Init|Error)["']/ nocase
    $order = /["'](CREATE|SEND|RECV|CLOSE|INIT)["']/
    $socket = /\b(Socket|TcpClient)\b/
  condition:
    server_code and $socket and #header > 1 and #order > 2
}

rule page_suo5
{
  meta:
    title = "Tunnel page of suo5"
    description = "The page keeps one request open in both directions and forwards it to another address, with its messages packed as numbered pairs: suo5, which looks like a slow download."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "6e7857f9-9638-4f06-8127-985009d17042"
  strings:
    $name = /\bsuo5\b/ nocase
    $stream = /["']X-Accel-Buffering["']|\bDisableBuffer\b|\bGetBufferlessInputStream\b|\bBufferOutput\s{0,4}=\s{0,4}false/ nocase
    $socket = /\b(new\s{1,4}(System\.Net\.Sockets\.)?(TcpClient|Socket)|NetworkStream|GetStream)\s{0,4}\(/
    $packed = /["'](ac|dt|id|h|p|r)["']\s{0,4}[\],]/
  condition:
    server_code and $socket and reads_request and ($name or ($stream and #packed > 2))
}

rule page_forwards_to_address_of_request
{
  meta:
    title = "Page that forwards to an address of the request"
    description = "The page connects to an address which the request names, sends what the request holds and returns the answer. Whatever it is called, it is a way into the network behind the server."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "A relay that a vendor built on sockets"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "73f4b2eb-bf09-428d-bd5b-4c39f08e85b5"
  strings:
    $connect = /\b(new\s{1,4}(System\.Net\.Sockets\.)?(TcpClient|Socket)\s{0,4}\(|\.\s{0,4}(Connect|BeginConnect|ConnectAsync)\s{0,4}\()/
    $send = /\.\s{0,4}(Send|BeginSend|GetStream|Receive|SendAsync|Available|Poll)\s{0,4}(\(|\b)/
    $body = /\bRequest\s{0,4}\.\s{0,4}(InputStream|BinaryRead|GetBufferlessInputStream|ContentLength)\b/ nocase
    $keep = /\b(Session|Application|HttpRuntime\.Cache|static\s{1,4}\w{0,20}\s{0,4}Dictionary|ConcurrentDictionary)\b/
    $live = /\bBufferOutput\s{0,4}=\s{0,4}false\b|\bGetBufferlessInputStream\b/ nocase
    $answer = /\b(BinaryWrite|OutputStream\s{0,4}\.\s{0,4}Write)\s{0,4}\(/
    $kind = /\bSystem\.Net\.Sockets\b|\bNetworkStream\b|\bTcpClient\b/
  condition:
    server_code and $kind and $connect and $send and $body and ($keep or $live) and $answer
}

rule page_proxies_http
{
  meta:
    title = "Page that fetches any address for its caller"
    description = "The page fetches the address that the request names and returns the answer with its headers: a proxy into the network. Map servers and old single-page sites have such pages for a fixed list of hosts."
    level = "medium"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1090.001 T1572"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1572/"
    reference = "https://attack.mitre.org/software/S1189/"
    falsepositive = "A proxy page of a map server or an intranet"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "5a669bc5-dd23-4d1e-b6be-37b5cb73fe3c"
  strings:
    $fetch = /\b(WebRequest|HttpWebRequest)\s{0,4}\.\s{0,4}Create\w{0,8}\s{0,4}\([^;]{0,80}\bRequest\b|\bServerXMLHTTP\b[^%]{0,300}\.open\s{0,4}\(?[^:\r\n]{0,60}\brequest\b/ nocase
    $copy = /\b(InputStream|CopyTo|GetResponseStream|responseBody|Headers\s{0,4}\.\s{0,4}Add)\b/ nocase
    $list = /\b(allowed|whitelist|serverUrls|proxyconfig|mustMatch)\w{0,12}\b/ nocase
  condition:
    server_code and $fetch and $copy and not $list
}
