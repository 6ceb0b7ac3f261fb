"""In which encoding a page is written, and what it is wrapped in."""

import codecs

import pytest
from page_texts import seen, whole

SHELL = whole('<%@ Page Language="C#" %>\n<% Proc~ess.Start("cm~d.exe", Req~uest["c"]); %>\n')
CODE_PAGES = ["cp037", "cp500", "cp1140", "cp273", "cp1026"]


def _cp1047(text: str) -> bytes:
    table = bytearray(text.encode("cp037"))
    swapped = {ord("["): 0xAD, ord("]"): 0xBD, ord("^"): 0x5F}
    return bytes(swapped.get(ord(char), byte) for char, byte in zip(text, table, strict=True))


@pytest.mark.parametrize("name", CODE_PAGES)
def test_ebcdic_is_seen_through(name: str) -> None:
    fields = seen(SHELL.encode(name))
    assert fields["Encoding"].startswith("cp")
    assert "runs-program-of-request" in fields["Behaviours"]
    assert "unusual-encoding" in fields["Tricks"]


def test_the_code_page_of_unix_on_mainframes_is_told_by_its_brackets() -> None:
    fields = seen(_cp1047(SHELL))
    assert fields["Encoding"] == "cp1047"
    assert fields["Content"] == SHELL


def test_other_bytes_are_not_taken_for_ebcdic() -> None:
    assert seen(bytes(range(128, 256)) * 40 + b"L")["Encoding"] == "cp1252"
    assert seen(b"LOOK AT ME, ALL LETTERS")["Encoding"] == "utf-8"


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "utf-32-le"),
        (b"", "utf-32-be"),
    ],
)
def test_wide_encodings_are_read_with_and_without_a_mark(mark: bytes, name: str) -> None:
    fields = seen(mark + SHELL.encode(name))
    assert fields["Encoding"] == name
    assert fields["Content"] == SHELL
    assert "runs-program-of-request" in fields["Behaviours"]
    if not mark:
        assert "unmarked-encoding" in fields["Tricks"]


def test_utf_7_is_read() -> None:
    code = whole('ev~al(req~uest("x"))').encode("utf-7").replace(b"(", b"+ACg-")
    fields = seen(b"<%@ codepage=65000 %>+ADwAJQ-" + code + b"+ACUAPg-", "x.asp")
    assert fields["Encoding"] == "utf-7"
    assert "evaluates-request" in fields["Behaviours"]
    plain = seen(b'<%@ Page Language="C#" %><p>1+AD2 is no UTF-7</p>')
    assert plain["Encoding"] == "utf-8"
    assert plain["Tricks"] == ()


def test_a_declared_code_page_is_believed() -> None:
    text = '<%@ Page Language="C#" CodePage="936" %>\u4f60\u597d'
    assert seen(text.encode("gbk"))["Content"] == text
    named = '<%@ Page Language="C#" ResponseEncoding="windows-1251" %>\u041f\u0440\u0438'
    assert seen(named.encode("cp1251"))["Content"] == named
    assert seen(b'<%@ Page CodePage="nonsense" %>\xe9')["Encoding"] == "cp1252"


def test_zeros_between_letters_hide_nothing() -> None:
    padded = b'<%@ Page Language="C#" %>' + b"\0" * 999 + SHELL.split("\n")[1].encode()
    assert "runs-program-of-request" in seen(padded)["Behaviours"]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"!BDN", "pst"),
        (b"\x30\x82\x04\x01", "der"),
        (b"GIF89a", "image"),
        (b"\x89PNG\r\n", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"{\\rtf1", "rtf"),
    ],
)
def test_code_in_a_file_of_another_kind_is_found(start: bytes, name: str) -> None:
    fields = seen(start + b"\x00\xff\x81 " + SHELL.encode())
    assert fields["Wrapped"] == name
    assert "runs-program-of-request" in fields["Behaviours"]


def test_dumps_of_virtual_directories_are_told() -> None:
    rows = "InternalUrl   : https://a/x\nExternalUrl   : https://b/x\nMetabasePath   : IIS://x\n"
    assert seen("Name   : x\n" + rows)["Wrapped"] == "virtual-directory-dump"
    assert seen("PollInterval  : 480\n" + rows)["Wrapped"] == "oab-dump"
    assert seen("Name   : x\nInternalUrl : what it is\n")["Wrapped"] == ""


@pytest.mark.parametrize(
    ("number", "name"), [(37, "cp037"), (1200, "utf-16-le"), (12001, "utf-32-be"), (20273, "cp273")]
)
def test_a_directive_in_plain_letters_says_how_the_rest_is_written(number: int, name: str) -> None:
    head = f'<%@ Page CodePage="{number}" %>'
    fields = seen(head.encode() + SHELL.encode(name))
    assert fields["Encoding"] == name
    assert fields["Content"] == head + SHELL
    assert "runs-program-of-request" in fields["Behaviours"]


def test_a_code_page_that_does_not_fit_is_not_believed() -> None:
    page = '<%@ Page CodePage="1200" %>\n' + SHELL
    assert seen(page)["Content"] == whole(page)


def test_wide_text_behind_other_bytes_is_read() -> None:
    fields = seen(b"\x89PNG\r\n" + bytes(range(1, 250)) + SHELL.encode("utf-16-le"))
    assert SHELL in fields["Content"]
    assert "runs-program-of-request" in fields["Behaviours"]
