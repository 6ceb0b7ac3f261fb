"""How a value of the request walks through the page before it is used."""

import re
from collections.abc import Callable
from dataclasses import replace

from webshells.pieces import Body
from webshells.requests import SESSION_FIRST

Read = Callable[[str], str]
_PLACE = re.compile(r"\$\((\w+)\)")


def keys(body: Body) -> list[str]:
    """Return the names of the values that a body takes, each once."""
    return list(dict.fromkeys(_PLACE.findall(body.code + body.members)))


def filled(body: Body, read: Read) -> Body:
    """Put expressions in place of the values."""

    def put(match: re.Match[str]) -> str:
        return read(match[1])

    return replace(body, code=_PLACE.sub(put, body.code), members=_PLACE.sub(put, body.members))


def straight(body: Body, read: Read) -> Body:
    """Use the values where they are taken."""
    made = filled(body, read)
    if 'Session("' in read("x") and body.language == "VBScript":
        first = "".join(SESSION_FIRST.format(key=key) for key in keys(body))
        return replace(made, code=first + made.code)
    return made


def _with(body: Body, read: Read, prelude: str, use: str, members: str = "") -> Body:
    """Prelude, use and members are texts with `{key}` and `{read}`, once for each value."""
    names = keys(body)
    made = filled(body, lambda key: use.replace("{key}", key).replace("{read}", read(key)))

    def each(text: str) -> str:
        parts = [text.replace("{key}", key).replace("{read}", read(key)) for key in names]
        return "".join(dict.fromkeys(parts))

    return replace(
        made, code=each(prelude) + made.code, members=made.members + "\n" + each(members)
    )


def _moved(body: Body, read: Read) -> Body:
    """Move all statements into a method that is given the values."""
    names = keys(body)
    made = filled(body, lambda key: f"a_{key}")
    takes = ", ".join(f"string a_{key}" for key in names)
    gives = ", ".join(read(key) for key in names)
    deed = f"void Deed({takes}) {{\n{made.code}\n}}\n"
    return replace(made, code=f"Deed({gives});", members=deed + made.members)


def _moved_basic(body: Body, read: Read) -> Body:
    names = keys(body)
    made = filled(body, lambda key: f"a_{key}")
    takes = ", ".join(f"a_{key}" for key in names)
    gives = ", ".join(read(key) for key in names)
    deed = f"Sub Deed({takes})\n{made.code}\nEnd Sub\n"
    return replace(made, code=f"Call Deed({gives})", members=deed + made.members)


Flow = Callable[[Body, Read], Body]


def _flow(prelude: str, use: str, members: str = "") -> Flow:
    return lambda body, read: _with(body, read, prelude, use, members)


C_SHARP: dict[str, Flow] = {
    "variable": _flow("string v_{key} = {read};\n", "v_{key}"),
    "two-variables": _flow(
        "string u_{key} = {read}; var v_{key} = u_{key} + string.Empty;\n", "v_{key}"
    ),
    "trimmed": _flow("var v_{key} = {read}.Trim().Replace('_', ' ');\n", "v_{key}"),
    "field": _flow("f_{key} = {read};\n", "f_{key}", "string f_{key};\n"),
    "property": _flow("", "P_{key}", "string P_{key} { get { return {read}; } }\n"),
    "request-variable": _flow("HttpRequest r_{key} = Request;\n", 'r_{key}["{key}"]'),
    "collection": _flow("var all_{key} = Request.Form;\n", 'all_{key}["{key}"]'),
    "method": _flow("", 'Fetch("{key}")', "string Fetch(string k) { return Request[k]; }\n"),
    "method-of-request": _flow(
        "",
        'Fetch(Request, "{key}")',
        "static string Fetch(HttpRequest r, string k) { return r.Form[k]; }\n",
    ),
    "array": _flow("string[] a_{key} = new string[] { {read}, null };\n", "a_{key}[0]"),
    "lambda": _flow("Func<string> l_{key} = () => {read};\n", "l_{key}()"),
    "builder": _flow(
        "var b_{key} = new System.Text.StringBuilder(); b_{key}.Append({read});\n",
        "b_{key}.ToString()",
    ),
    "characters": _flow(
        'string c_{key} = ""; foreach (char c in {read}) { c_{key} += (char)(c - 1); }\n', "c_{key}"
    ),
    "dictionary": _flow(
        "var d_{key} = new System.Collections.Generic.Dictionary<string, string>();\n"
        'd_{key}["x"] = {read};\n',
        'd_{key}["x"]',
    ),
    "session": _flow('Session["{key}"] = {read};\n', '(string)Session["{key}"]'),
    "view-state": _flow('ViewState["{key}"] = {read};\n', '(string)ViewState["{key}"]'),
    "moved": _moved,
}
VISUAL_BASIC: dict[str, Flow] = {
    "variable": _flow("Dim v_{key} As String = {read}\n", "v_{key}"),
    "field": _flow("f_{key} = {read}\n", "f_{key}", "Dim f_{key} As String\n"),
    "method": _flow(
        "",
        'Fetch("{key}")',
        "Function Fetch(k As String) As String\nReturn Request(k)\nEnd Function\n",
    ),
    "moved": _moved_basic,
}
JSCRIPT: dict[str, Flow] = {
    "variable": _flow("var v_{key} = {read};\n", "v_{key}"),
    "typed": _flow("var v_{key} : String = {read};\n", "v_{key}"),
    "joined": _flow("var v_{key} = ''; v_{key} += {read};\n", "v_{key}"),
    "array": _flow("var a_{key} = [{read}];\n", "a_{key}[0]"),
}
CLASSIC: dict[str, Flow] = {
    "variable": _flow("Dim v_{key}\nv_{key} = {read}\n", "v_{key}"),
    "joined": _flow('v_{key} = ""\nv_{key} = v_{key} & {read}\n', "v_{key}"),
    "function": _flow(
        "", 'Fetch("{key}")', "Function Fetch(k)\nFetch = Request(k)\nEnd Function\n"
    ),
    "moved": _moved_basic,
}
FLOWS = {"C#": C_SHARP, "VB": VISUAL_BASIC, "JScript": JSCRIPT, "VBScript": CLASSIC}
