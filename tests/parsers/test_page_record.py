"""Pages: their whole text is one record, with all that is told of it."""

import codecs
from typing import Any

import pytest
from page_texts import seen

from extriage.knowledge.evidence import summary
from extriage.model.evidence import Origin
from extriage.parsers import page_record
from extriage.parsers.page import CONTENT_LIMIT

HERE = Origin("C/inetpub/x.aspx", 1)


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"<%@ Page %>", "<%@ Page %>"),
        (codecs.BOM_UTF8 + "é".encode(), "é"),
        ("\ufeffé<%@ Page".encode("utf-16-le"), "é<%@ Page"),
        ("\ufeffé<%@ Page".encode("utf-16-be"), "é<%@ Page"),
        ("<%@ Page Language='C#' %>".encode("utf-16-le"), "<%@ Page Language='C#' %>"),
        ("é".encode("cp1252"), "é"),
        (b"", ""),
    ],
)
def test_a_page_is_decoded(data: bytes, content: str) -> None:
    assert page_record("C/inetpub/x.aspx", data, HERE).fields["Content"] == content


def test_a_page_has_name_size_and_first_bytes() -> None:
    record = page_record("coll.zip!/C/owa/auth/Shell.ASPX", b"!BDN\x01\x02\x03\x04\x05", HERE)
    assert record.kind == "web-file"
    assert record.time is None
    assert record.fields == {
        "Path": "coll.zip!/C/owa/auth/Shell.ASPX",
        "FileName": "Shell.ASPX",
        "Extension": "aspx",
        "Size": "9",
        "Content": "!BDN\x01\x02\x03\x04\x05",
        "FirstBytes": "2142444e01020304",
        "Encoding": "utf-8",
        "Language": "",
        "Directives": (),
        "Wrapped": "pst",
        "Decoded": "",
        "Tricks": (),
        "Behaviours": (),
        "Reasons": (),
    }
    assert page_record("C:\\x\\noextension", b"", HERE).fields["Extension"] == ""
    assert page_record("C:\\x\\noextension", b"", HERE).fields["FileName"] == "noextension"


def test_a_page_cut_inside_a_character_is_still_utf8() -> None:
    data = ("a" + "é" * CONTENT_LIMIT).encode()
    content = page_record("x.aspx", data, HERE).fields["Content"]
    assert content == "a" + "é" * ((CONTENT_LIMIT - 1) // 2)
    odd = "é".encode("cp1252") * CONTENT_LIMIT
    assert page_record("x.aspx", odd, HERE).fields["Content"] == "é" * CONTENT_LIMIT


def test_a_reason_names_line_input_and_way() -> None:
    fields = seen(
        '<%@ Page Language="C#" %>\n<script runat="server">\n'
        'string Ask() { return Req~uest.Form["a"]; }\n'
        "void Page_Load() {\n  var p = new Proc~ess();\n  p.StartInfo.Arguments = Ask();\n"
        "  p.Start();\n}\n</script>\n"
    )
    assert fields["Reasons"] == (
        'line 7: Request.Form["a"] goes to Process.Start (through Ask(), p)',
    )


def test_an_analyst_sees_the_reasons_first() -> None:
    fields = seen('<%@ Page Language="Jscript"%><%ev~al(Req~uest["x"],"uns~afe");%>')
    assert summary("web-file", fields).startswith(
        'FileName=x.aspx Reasons=line 1: Request["x"] goes to eval'
    )


def test_every_value_is_text_or_several_texts() -> None:
    fields: dict[str, Any] = seen('<%@ Page Language="C#" %><% Proc~ess.Start(Req~uest["c"]); %>')
    for value in fields.values():
        assert isinstance(value, str) or all(isinstance(one, str) for one in value)
    assert fields["Directives"] == ('Page Language="C#"',)
    assert fields["Language"] == "c#"
