"""Pages that are made to break a reader: it ends soon, says little, and never fails."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_texts import seen

SIZE = 1 << 20
# NOTE: a quarter of that without coverage and beside nobody else.
SECONDS = 8.0
HEAD = '<%@ Page Language="C#" %><script runat="server">Request;'
BASIC = '<%@ Page Language="VB" %><script runat="server">\nRequest\n'


def many(text: str) -> str:
    return (text * (SIZE // len(text) + 1))[:SIZE]


BOMBS = {
    "open comments": HEAD + many("/*"),
    "comments": HEAD + many("/**/eval"),
    "quotes": HEAD + many('"\\'),
    "verbatim": HEAD + many('@"a""'),
    "joined texts": HEAD + "x=" + many('"a"+'),
    "large constants": HEAD + f'var a="{"x" * 60000}";' + many("b=a+a+a+a+a;"),
    "replacements": HEAD + many('"aaaaaaaaaaaaaaaa".Replace("a","bbbbbbbbbbbbbbbbbb");'),
    "open braces": HEAD + many("{"),
    "brackets": HEAD + many("(") + many(")"),
    "calls": HEAD + "x=" + many("Request(") + many(")"),
    "cleaned calls": HEAD + many('int.Parse(Request["a"]+'),
    "dots": HEAD + "Process" + many(".Start(x)"),
    "generics": HEAD + many("List<"),
    "assignments": HEAD + many("a=") + 'Request["x"];',
    "methods": HEAD + many("string f(string x){return f(x);}"),
    "expressions": HEAD + many("x=>{"),
    "attributes": HEAD + many("[WebMethod] public void f(string a){}"),
    "base64": HEAD + many('x=Convert.FromBase64String("UmVxdWVzdFsxXQ==");'),
    "letters": HEAD + "x=" + many("(char)101+"),
    "escapes": HEAD + many("\\u0065"),
    "foreign letters": HEAD + many("\u0435\u200bRequest")[: SIZE // 4],
    "directives": many('<%@ Page Language="C#" Request %>'),
    "open directives": many("<%@ page "),
    "blocks": many("<%=Request%>"),
    "open scripts": many("<script runat=server "),
    "scripts": many('<script runat="server">Request'),
    "server comments": many("<%--"),
    "controls": HEAD + "</script>" + many("<input runat=server "),
    "lines of Basic": BASIC + many("a = Request\n"),
    "subs": BASIC + many("Sub x(a)\n"),
    "continued lines": BASIC + "x = Request" + many(' & _\n"a"'),
    "codes": BASIC + "x=Request&" + many("Chr(101)&"),
    "UTF-7": many("+ADw-%"),
    "dump": "Url" + many("Name : x\n"),
    "aliases": many("using a = b;") + "<% Request %>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_page_takes_long(name: str) -> None:
    start = time.process_time()
    fields = seen(BOMBS[name].encode())
    assert time.process_time() - start < SECONDS
    told = {key: value for key, value in fields.items() if key != "Content"}
    sizes = [len(one) if isinstance(one, str) else sum(map(len, one)) for one in told.values()]
    assert sum(sizes) < 128 * 1024


PIECES = st.sampled_from(
    ["<%", "%>", "<%@ Page Language=", '"C#"', '"VB"', "<script runat=server>", "</script>", "\n"]
    + [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "@",
        "$",
        "\\u0065",
        "\\",
        "/*",
        "*/",
        "//",
        "<",
        ">",
    ]
    + ["=", "+", "&", ".", ",", ";", ":", "=>", "in", "new", "return", "With ", ".Run ", "Set "]
    + ["Request", "Process", ".Start", "eval", "Execute ", "Assembly.Load", "Session", "GetMethod"]
    + ["Sub a(b)", "End Sub", "string a(string b)", "var x", "Dim x As ", "Chr(65)", "(char)66"]
    + ["Convert.FromBase64String", "Replace", "Join", "using", "typeof", "CreateObject", "\0", "é"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=80), st.sampled_from(["aspx", "ashx", "asp", "cshtml", "config"]))
def test_no_mixture_of_pieces_breaks_the_reader(pieces: list[str], extension: str) -> None:
    fields = seen("".join(pieces).encode(), f"x.{extension}")
    assert all(len(one) <= 240 for one in fields["Reasons"])


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=600), st.sampled_from([b"", b"<%", b"\xff\xfe", b"+ADw-", b"\x4c\x6c\x7c"])
)
def test_no_bytes_break_the_reader(data: bytes, start: bytes) -> None:
    fields = seen(start + data)
    assert isinstance(fields["Content"], str)
