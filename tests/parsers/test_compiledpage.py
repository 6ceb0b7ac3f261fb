"""Records of compiled pages: what they name, and that no damage stops their reader."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces_reading import OWA, TEMPORARY, traces_of

RECORD = """<?xml version="1.0" encoding="utf-8"?>
<preserve resultType="3" virtualPath="/owa/auth/x.aspx" hash="fffffffff4f3e3a6"
 filehash="ffffeb8a2d7f1c55" flags="110000" assembly="App_Web_abcd1234" type="ASP.auth_x_aspx">
    <filedeps>
        <filedep name="/owa/auth/x.aspx" />
        <filedep name="/owa/auth/part.ascx" />
    </filedeps>
</preserve>"""
NAME = f"{OWA}/x.aspx.f5dba9b9.compiled"
SOURCE = r"""#pragma checksum "C:\Exchange\FrontEnd\HttpProxy\owa\auth\x.aspx" "{4066}" "AA"
namespace ASP {
    #line 1 "C:\Exchange\FrontEnd\HttpProxy\owa\auth\x.aspx"
    public class auth_x_aspx : global::System.Web.UI.Page {
        ((global::System.Web.UI.Page)(this)).AppRelativeVirtualPath = "~/auth/x.aspx";
    #line 1 "C:\Exchange\FrontEnd\HttpProxy\owa\auth\x.aspx"
"""
ORDERS = (
    r'/t:library /utf8output /R:"C:\Windows\System.Web.dll" /out:"C:\W\App_Web_abcd1234.dll"'
    r' /debug- "C:\W\App_Web_abcd1234.0.cs" "C:\W\App_Web_abcd1234.1.cs"'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_record_tells_page_class_assembly_and_what_it_was_made_of(encoding: str) -> None:
    modified = datetime(2021, 3, 3, 5, 1, 13, tzinfo=UTC)
    kind, (record,), trouble = traces_of(RECORD.encode(encoding), NAME, modified)
    assert (kind, trouble) == ("compiled-page", "")
    assert record.fields == {
        "Form": "record",
        "VirtualPath": "/owa/auth/x.aspx",
        "ShippedPath": "no",
        "Assembly": "App_Web_abcd1234",
        "Type": "ASP.auth_x_aspx",
        "ResultType": "3",
        "Hash": "fffffffff4f3e3a6",
        "FileHash": "ffffeb8a2d7f1c55",
        "Flags": "110000",
        "FileDeps": ("/owa/auth/x.aspx", "/owa/auth/part.ascx"),
        "Application": "owa",
        "Path": NAME,
        "FileName": "x.aspx.f5dba9b9.compiled",
        "Modified": "2021-03-03T05:01:13Z",
    }
    assert record.time is None, "a copy resets the time of a file"
    assert "VirtualPath=/owa/auth/x.aspx" in record.text


def test_pages_that_exchange_ships_are_told_from_others() -> None:
    told = {}
    for page in ("/owa/auth/logon.aspx", "/aspnet_client/x.aspx", "/intranet/x.aspx"):
        _, (record,), _ = traces_of(RECORD.replace("/owa/auth/x.aspx", page).encode(), NAME)
        told[page] = record.fields.get("ShippedPath", "")
    assert told == {
        "/owa/auth/logon.aspx": "yes",
        "/aspnet_client/x.aspx": "no",
        "/intranet/x.aspx": "",
    }


def test_a_record_is_told_by_its_content_and_a_page_by_its_name() -> None:
    assert traces_of(RECORD.encode(), "evidence/17.bin")[0] == "compiled-page"
    assert traces_of(RECORD.encode(), "aspnet_client/x.aspx")[0] == "web-file"
    assert traces_of(b"<preserve/>", "a.xml")[0] == ""
    assert traces_of(b"nothing of the kind", NAME)[0] == ""


def test_a_record_that_was_cut_still_names_its_page() -> None:
    kind, (record,), trouble = traces_of(RECORD[:230].encode(), NAME)
    assert kind == "compiled-page"
    assert "broken at line" in trouble
    assert record.fields["VirtualPath"] == "/owa/auth/x.aspx"
    assert record.fields["Assembly"] == "App_Web_abcd1234"


def test_a_document_type_in_a_record_is_refused() -> None:
    bomb = '<!DOCTYPE preserve [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    text = RECORD.replace("<preserve ", f"{bomb}<preserve ").replace("/part.ascx", "/&b;")
    _, (record,), trouble = traces_of(text.encode(), NAME)
    assert "document type" in trouble
    assert record.fields["VirtualPath"] == "/owa/auth/x.aspx"
    assert "aaaa" not in str(record.fields.get("FileDeps", ""))


def test_very_many_dependencies_are_bounded() -> None:
    many = RECORD.replace("<filedeps>", "<filedeps>" + '<filedep name="/a.ascx"/>' * 20_000)
    _, (record,), trouble = traces_of(many.encode(), NAME)
    assert trouble == ""
    assert len(record.fields["FileDeps"]) == 200


@pytest.mark.parametrize(
    ("application", "page"), [("owa", "/owa/auth/x.aspx"), ("root", "/auth/x.aspx")]
)
def test_the_source_of_a_debug_compilation_names_its_page(application: str, page: str) -> None:
    name = f"{TEMPORARY}/{application}/1/2/App_Web_abcd1234.0.cs"
    kind, (record,), _ = traces_of(SOURCE.encode(), name)
    assert kind == "compiled-page"
    assert record.fields["Form"] == "source"
    assert record.fields["VirtualPath"] == page
    assert record.fields["Type"] == "ASP.auth_x_aspx"
    assert record.fields["FileDeps"] == (r"C:\Exchange\FrontEnd\HttpProxy\owa\auth\x.aspx",)
    assert record.fields["Content"] == SOURCE


def test_the_compilers_orders_name_the_assembly_and_its_sources() -> None:
    _, (record,), _ = traces_of(ORDERS.encode("utf-8-sig"), f"{OWA}/abcd1234.cmdline")
    assert record.fields["Form"] == "compiler-orders"
    assert record.fields["Assembly"] == "App_Web_abcd1234.dll"
    assert record.fields["FileDeps"] == (
        r"C:\W\App_Web_abcd1234.0.cs",
        r"C:\W\App_Web_abcd1234.1.cs",
    )


def test_sources_elsewhere_are_none_of_a_page() -> None:
    assert traces_of(SOURCE.encode(), "src/App_Web_abcd1234.0.cs")[0] == ""
    assert traces_of(ORDERS.encode(), "build/abcd1234.cmdline")[0] == ""


@settings(max_examples=200, deadline=None)
@given(
    cut=st.integers(0, len(RECORD)),
    scrap=st.sampled_from(["", "<", '"', "\0", "&x;", "]]>", "<!--", "\ud7ff", "<preserve "]),
    name=st.sampled_from([NAME, f"{OWA}/a.0.cs", f"{OWA}/a.cmdline", "x"]),
    text=st.sampled_from([RECORD, SOURCE, ORDERS]),
)
def test_no_damage_stops_the_reader(cut: int, scrap: str, name: str, text: str) -> None:
    kind, records, _ = traces_of((text[:cut] + scrap + text[cut:]).encode(), name)
    assert kind in ("", "compiled-page", "web-file")
    assert len(records) <= 1
