"""The parts of a page: directives, languages, code in all its places."""

import pytest
from page_texts import seen

from extriage.model.evidence import Origin
from extriage.parsers.page import page_record
from extriage.parsers.page.structure import take_apart


@pytest.mark.parametrize(
    ("text", "extension", "language"),
    [
        ('<%@ Page Language="C#" %><% x(); %>', "aspx", "c#"),
        ("<%@ page language = 'VB' %><% x %>", "aspx", "vb"),
        ("<%@ Page Language=JScript%><% x %>", "aspx", "jscript"),
        ('<script language="JScript" runat=server>x</script>', "aspx", "jscript"),
        ("<% Dim a\nSet b = CreateObject(a) %>", "aspx", "vb"),
        ("<% var a = new X(); %>", "aspx", "c#"),
        ("<% x %>", "asp", "vbscript"),
        ('<%@ Language="JavaScript" %><% x %>', "asp", "jscript"),
        ("<html></html>", "aspx", ""),
        ("@{ var x = 1; }", "cshtml", "c#"),
        ("@Code\nEnd Code", "vbhtml", "vb"),
    ],
)
def test_the_language_is_declared_or_told_from_the_code(
    text: str, extension: str, language: str
) -> None:
    assert take_apart(text, extension).language == language


def test_directives_have_name_and_attributes() -> None:
    page = take_apart(
        '<%@ Page\n  Language="C#" Inherits=X.Y %><%@ Import Namespace="A" %>', "aspx"
    )
    assert [one.name for one in page.directives] == ["page", "import"]
    assert page.directives[0].get("inherits") == "X.Y"
    assert page.directives[0].get("nothing") == ""


def test_code_is_found_with_its_lines() -> None:
    page = take_apart(
        '<%@ Page Language="C#" %>\n<%-- <% no(); --%>\n<% a(); %>\n<%= b %><%: c %><%# d %>'
        '<%$ no %>\n<script x=">" runat="server">\ne();\n</script><script>no();</script>',
        "aspx",
    )
    assert [(one.text.strip(), one.line) for one in page.blocks] == [
        ("a();", 3),
        ("b", 4),
        ("c", 4),
        ("d", 4),
        ("e();", 5),
    ]


def test_the_code_of_a_handler_follows_its_directive() -> None:
    page = take_apart('<%@ WebHandler Language="C#" Class="H" %>\nclass H {}', "ashx")
    assert [(one.text.strip(), one.line) for one in page.blocks] == [("class H {}", 1)]


def test_what_is_not_closed_goes_to_the_end() -> None:
    assert take_apart("<% a", "aspx").blocks[0].text == " a"
    assert take_apart("<script runat=server>a", "aspx").blocks[0].text == "a"
    assert take_apart("<script runat=server", "aspx").blocks == ()
    assert take_apart("<%-- a", "aspx").blocks == ()


def test_controls_are_named() -> None:
    page = take_apart(
        '<asp:TextBox ID="a" runat="server"/><input id=b><input id="c" runat="server">'
        '<object runat=server id=d progid="X.Y"></object>',
        "aspx",
    )
    assert page.controls == (("a", "asp:textbox"), ("c", "input"), ("d", "com:x.y"))


def test_a_page_that_says_twice_what_it_is_is_odd() -> None:
    twice = '<%@ Page Language="C#" %><%@ Page Debug="true" %><% x(); %>'
    assert "split-directives" in seen(twice)["Tricks"]
    assert seen('<%@ Page %><%@ Import Namespace="A" %><% x(); %>')["Tricks"] == ()


def test_a_source_in_app_code_is_code_as_a_whole() -> None:
    code = (
        "public class H : System.Web.IHttpHandler {\n"
        "public void ProcessRequest(System.Web.HttpContext c) {\n"
        "System.Diagnostics.Pro" + 'cess.Start(c.Request["x"]); } }\n'
    )
    record = page_record("wwwroot/App_Code/h.cs", code.encode(), Origin("h.cs", 1))
    assert "runs-program-of-request" in record.fields["Behaviours"]
    plain = page_record("wwwroot/App_Code/h.cs", b"public class H { }", Origin("h.cs", 1))
    assert plain.fields["Behaviours"] == ()
