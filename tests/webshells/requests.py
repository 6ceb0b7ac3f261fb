"""Where a page takes the stranger's words from: spellings of one value of the request."""

from webshells.pieces import Body

PARAMETER = "parameter"

C_SHARP = {
    "index": 'Request["{key}"]',
    "form": 'Request.Form["{key}"]',
    "query": 'Request.QueryString["{key}"]',
    "params": 'Request.Params["{key}"]',
    "header": 'Request.Headers["X-{key}"]',
    "header-get": 'Request.Headers.Get("X-{key}")',
    "user-agent": "Request.UserAgent",
    "cookie": 'Request.Cookies["{key}"].Value',
    "server-variable": 'Request.ServerVariables["HTTP_X_{key}"]',
    "context": 'Context.Request["{key}"]',
    "current": 'HttpContext.Current.Request["{key}"]',
    "current-form": 'System.Web.HttpContext.Current.Request.Form["{key}"]',
    "page": 'Page.Request["{key}"]',
    "this": 'this.Request.Form["{key}"]',
    "get": 'Request.Form.Get("{key}")',
    "get-values": 'Request.Form.GetValues("{key}")[0]',
    "position": "Request.Form[0]",
    "item": 'Request.QueryString.Get("{key}")',
    "whole-query": "Request.QueryString.ToString()",
    "path-info": "Request.PathInfo.Substring(1)",
    "raw-url": "Request.RawUrl.Split('?')[1]",
    "body": "new System.IO.StreamReader(Request.InputStream).ReadToEnd()",
    "bytes": "System.Text.Encoding.UTF8.GetString(Request.BinaryRead(Request.TotalBytes))",
    "unvalidated": 'Request.Unvalidated.Form["{key}"]',
    "decoded": "System.Text.Encoding.UTF8.GetString("
    'System.Convert.FromBase64String(Request["{key}"]))',
    "ternary": '(Request["{key}"] != null ? Request["{key}"] : Request.Form["{key}"])',
    "coalesced": '(Request.Headers["{key}"] ?? Request.Form["{key}"])',
    "linq": 'Request.Form.AllKeys.Where(k => k == "{key}").Select(k => Request.Form[k]).First()',
    "language": "Request.UserLanguages[0]",
}
JSCRIPT = {
    "index": 'Request["{key}"]',
    "item": 'Request.Item["{key}"]',
    "form": 'Request.Form["{key}"]',
    "form-item": 'Request.Form.Item("{key}")',
    "query": 'Request.QueryString["{key}"]',
    "header": 'Request.Headers["X-{key}"]',
    "cookie": 'Request.Cookies["{key}"].Value',
    "property": 'this["Request"]["{key}"]',
    "context": 'Context["Request"].Form["{key}"]',
    "current": 'System.Web.HttpContext.Current.Request["{key}"]',
    "position": "Request.Form[0]",
    "whole-query": "Request.QueryString.ToString()",
    "decoded": "System.Text.Encoding.UTF8.GetString("
    'System.Convert.FromBase64String(Request["{key}"]))',
}
VISUAL_BASIC = {
    "index": 'Request("{key}")',
    "item": 'Request.Item("{key}")',
    "form": 'Request.Form("{key}")',
    "query": 'Request.QueryString("{key}")',
    "bang": "Request.Form!{key}",
    "header": 'Request.Headers("X-{key}")',
    "cookie": 'Request.Cookies("{key}").Value',
    "current": 'HttpContext.Current.Request("{key}")',
    "context": 'Context.Request.Params("{key}")',
    "server-variable": 'Request.ServerVariables("HTTP_X_{key}")',
    "me": 'Me.Request.Form.Get("{key}")',
    "bytes": "System.Text.Encoding.UTF8.GetString(Request.BinaryRead(Request.TotalBytes))",
}
CLASSIC = {
    "index": 'Request("{key}")',
    "item": 'Request.Item("{key}")',
    "form": 'Request.Form("{key}")',
    "query": 'Request.QueryString("{key}")',
    "cookie": 'Request.Cookies("{key}")',
    "server-variable": 'Request.ServerVariables("HTTP_X_{key}")',
    "position": "Request.Form(1)",
    "whole-query": 'Request.ServerVariables("QUERY_STRING")',
    "session": 'Session("{key}")',
    "lower": 'request ( "{key}" )',
}
CLASSIC_JSCRIPT = {
    "index": 'Request("{key}")',
    "form": 'Request.Form("{key}")',
    "item": 'Request.Form.Item("{key}").Item',
}
SESSION_FIRST = 'Session("{key}") = Request("{key}")\n'
"""A page that takes a word from the session must have put it there."""


def spellings(body: Body) -> dict[str, str]:
    """Return the ways in which this body can take a value of the request."""
    if body.wrappers == ("asp-jscript",):
        return CLASSIC_JSCRIPT
    return {
        "C#": C_SHARP,
        "JScript": JSCRIPT,
        "VB": VISUAL_BASIC,
        "VBScript": CLASSIC,
    }[body.language]
