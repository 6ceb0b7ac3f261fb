// Pages that store what a request brings.
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

rule page_stores_upload_where_told
{
  meta:
    title = "Page that stores a file under a name that the request gives"
    description = "The page stores an uploaded file, or text of the request, in a place that the request itself names. Uploads of normal sites choose the folder themselves."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "None is known on a mail server"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "7eb40e92-c9bb-440f-ad9a-52fd58dce3f8"
  strings:
    $save = /\.\s{0,4}SaveAs\s{0,4}\(\s{0,4}[^;]{0,80}\bRequest\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Params|Headers)\s{0,4})?[\[(]/ nocase
    $write = /\b(WriteAllBytes|WriteAllText|AppendAllText|StreamWriter|CreateText|CreateTextFile|FileStream|OpenTextFile)\s{0,4}\(\s{0,4}[^;]{0,80}\bRequest\s{0,4}(\.\s{0,4}(Item|Form|QueryString|Params|Headers)\s{0,4})?[\[(]/ nocase
    $box = /\.\s{0,4}SaveAs\s{0,4}\(\s{0,4}(\w{1,30}\.Text|this\.\w{1,30}\.Text|path|Server\s{0,4}\.\s{0,4}MapPath\s{0,4}\(\s{0,4}\w{1,30}\.Text)/ nocase
  condition:
    server_code and any of them
}

rule page_only_uploads
{
  meta:
    title = "Small page that does nothing but store uploads"
    description = "A small page without a master page or code behind takes any file and stores it in the web site under the name that it came with. Intruders use such a page to bring the next one."
    level = "high"
    hints = "planted"
    certainty = "possible"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "A sample or a page in use for uploads within the organisation"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "d5c02a65-6e65-4fca-90ce-986f508834ae"
  strings:
    $files = /\bRequest\s{0,4}\.\s{0,4}Files\b|\bPostedFile\b|<asp:FileUpload|<input[^>]{0,80}type\s{0,2}=\s{0,2}["']?file/ nocase
    $save = /\.\s{0,4}SaveAs\s{0,4}\([^;]{0,200}\bFileName\b/ nocase
    $frame = /\b(MasterPageFile|CodeBehind|CodeFile|Inherits)\s{0,4}=|\b(extension|GetExtension|ContentType|EndsWith|AllowedExtensions|FileContent|ContentLength|HasFile)\b/ nocase
  condition:
    server_code and filesize < 3000 and $files and $save and not $frame
}

rule page_stores_request_with_com
{
  meta:
    title = "Classic page that writes files from the request"
    description = "The page writes files with the stream or file system objects of COM, with content or names from the request."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1105"
    scope = "web-file"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
    reference = "https://github.com/nsacyber/Mitigating-Web-Shells"
    falsepositive = "Old applications that log to a file"
    author = "extriage contributors"
    date = "2026-11-23"
    id = "7a742dd1-be1e-428a-b4f2-823523775481"
  strings:
    $object = /["'](ADODB\.Stream|Scripting\.FileSystemObject|ADODB["' &+]{3,9}\.Stream)["']/ nocase
    $write = /\.\s{0,4}(SaveToFile|CreateTextFile)\s{0,4}\(?\s{0,4}[^:\r\n]{0,60}(request|mappath)\b/ nocase
  condition:
    server_code and all of them and reads_request
}
