// Pages inside other files: mailboxes, certificates, images, dumps of virtual directories.
// Written for extriage; Apache-2.0. Each rule has a case in content/cases/<campaign>/.

rule page_in_mailbox_file
{
  meta:
    title = "Server code inside a mailbox file"
    description = "The file is a mailbox (PST) with server code in it, under a name that IIS executes: an export of a mailbox into a web folder, as ProxyShell does."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "proxyshell"
    persistence = "web-shell"
    attack = "T1505.003 T1036.008"
    cve = "CVE-2021-31207"
    scope = "web-file"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-31207"
    reference = "https://www.mandiant.com/resources/blog/pst-want-shell-proxyshell-exploiting-microsoft-exchange-servers"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "985c1e25-4116-4c6e-9f78-9afc2fd86d44"
  strings:
    $pst = "!BDN"
    $code = /<%[^\r\n]{0,200}|<script[^>]{0,120}\brunat\s{0,4}=/ nocase
  condition:
    $pst at 0 and $code
}

rule page_in_certificate_request
{
  meta:
    title = "Server code inside a certificate request"
    description = "The file is the binary form of a certificate or of a request for one, and has server code in its names: a certificate that was exported into a web folder, as ProxyShell and later attacks do."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "proxyshell"
    persistence = "web-shell"
    attack = "T1505.003 T1036.008"
    scope = "web-file"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-31207"
    reference = "https://www.mandiant.com/resources/blog/pst-want-shell-proxyshell-exploiting-microsoft-exchange-servers"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "9bdb2ae4-85cc-4bd1-ad83-1983fb0b0465"
  strings:
    $code = /<%[^\r\n]{0,200}|<script[^>]{0,120}\brunat\s{0,4}=/ nocase
  condition:
    uint8(0) == 0x30 and (uint8(1) == 0x82 or uint8(1) == 0x83 or uint8(1) == 0x81) and $code
}

rule page_in_oab_settings
{
  meta:
    title = "Server code inside settings of the offline address book"
    description = "The file lists the settings of a virtual directory for the offline address book, and one of its addresses is server code. Exchange wrote it when an intruder reset the directory: ProxyLogon."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "proxylogon"
    persistence = "web-shell"
    attack = "T1505.003 T1190"
    cve = "CVE-2021-27065"
    scope = "web-file"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-27065"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "a8b270ce-14c4-425a-9192-8fbc878e71dc"
  strings:
    $oab = /\bOAB \(Default Web Site\)|\bVirtualDirectory\b|\bOfflineAddressBooks\b/ nocase
    $url = /\b(External|Internal)Url\s{0,80}:[^\r\n]{0,200}(<script|<%|%3Cscript)/ nocase
  condition:
    all of them
}

rule page_in_settings_of_directory
{
  meta:
    title = "Server code in a dump of settings"
    description = "The page is a list of settings, `name : value` line by line as cmdlets print it, with server code in one of the values. It was not written by hand: a cmdlet of Exchange wrote it for somebody."
    level = "critical"
    stage = "planted"
    certainty = "confirmed"
    campaign = "proxylogon"
    persistence = "web-shell"
    attack = "T1505.003 T1190"
    scope = "web-file"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-27065"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "502f474f-48ef-4388-92be-48637f687557"
  strings:
    $row = "  : "
    $name = /\b(AdminDisplayName|ExchangeVersion|DistinguishedName|ObjectCategory|WhenChangedUTC|OriginatingServer|MetabasePath|ObjectState|Identity) {1,40}:/
    $code = /<%[^\r\n]{0,200}|<script[^>]{0,120}\brunat\s{0,4}=/ nocase
  condition:
    #row > 5 and #name > 1 and $code
}

rule page_in_address
{
  meta:
    title = "Server code behind a short address"
    description = "The code follows an address of a few letters such as `http://f/`, as values do that must be an address to be accepted: the mark of the shells that ProxyLogon planted."
    level = "critical"
    stage = "planted"
    certainty = "likely"
    campaign = "proxylogon"
    persistence = "web-shell"
    attack = "T1505.003 T1190"
    scope = "web-file"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2021-27065"
    reference = "https://www.microsoft.com/en-us/security/blog/2021/03/02/hafnium-targeting-exchange-servers/"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "8a5848e1-000a-4fbb-a04b-9752985fa61f"
  strings:
    $code = /https?:\/\/[a-z0-9.\/-]{1,24}[#?]?\s{0,4}<script\s{1,4}(language|runat)[^>]{0,80}\bs?erver/ nocase
    $block = /https?:\/\/[a-z]{1,3}\/[#?]?<%/ nocase
  condition:
    any of them
}

rule page_in_picture
{
  meta:
    title = "Server code inside a picture or document"
    description = "The file begins as a picture, a document or an archive and has server code behind that, under a name that IIS executes."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1036.008"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "dc0bba0a-15d1-4f59-af19-d76a6b89987c"
  strings:
    $gif = "GIF8"
    $png = { 89 50 4E 47 }
    $jpeg = { FF D8 FF }
    $pdf = "%PDF-"
    $zip = { 50 4B 03 04 }
    $bmp = /BM.{4}\x00\x00\x00\x00/s
    $code = /<%@?\s{0,4}[A-Za-z]|<script[^>]{0,120}\brunat\s{0,4}=/ nocase
  condition:
    $code and for any of ($gif, $png, $jpeg, $pdf, $zip, $bmp) : ($ at 0)
}
