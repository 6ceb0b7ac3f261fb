"""Pages: their whole text is one record."""

import codecs

import pytest

from extriage.model.evidence import Origin
from extriage.parsers import page_record
from extriage.parsers.web_file import CONTENT_LIMIT

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
    }
    assert page_record("C:\\x\\noextension", b"", HERE).fields["Extension"] == ""
    assert page_record("C:\\x\\noextension", b"", HERE).fields["FileName"] == "noextension"


def test_a_page_cut_inside_a_character_is_still_utf8() -> None:
    data = ("a" + "é" * CONTENT_LIMIT).encode()
    content = page_record("x.aspx", data, HERE).fields["Content"]
    assert content == "a" + "é" * ((CONTENT_LIMIT - 1) // 2)
    odd = "é".encode("cp1252") * CONTENT_LIMIT
    assert page_record("x.aspx", odd, HERE).fields["Content"] == "é" * CONTENT_LIMIT
