"""Builds in folder names, mail headers and saved answers."""

import sys
import time
from datetime import UTC, datetime

import pytest

from extriage.model.state import Fact, Subject
from extriage.parsers import recognise
from extriage.parsers.base import Document
from extriage.parsers.traces import (
    MOST,
    is_answer,
    is_mail,
    path_facts,
    read_answer,
    read_mail,
)

V15 = "C/Program Files/Microsoft/Exchange Server/V15"


@pytest.mark.parametrize(
    ("path", "name", "build"),
    [
        (f"{V15}/FrontEnd/HttpProxy/owa/auth/15.1.2507/themes/x.css", "owa/auth", "15.1.2507.0"),
        (f"{V15}/ClientAccess/Owa/prem/15.2.1544.9/scripts/x.js", "owa/prem", "15.2.1544.9"),
        (f"{V15}/ClientAccess/ecp/15.1.2507.6/exporttool/x", "ecp", "15.1.2507.6"),
        ("D:\\V14\\ClientAccess\\owa\\14.3.123.3\\x.gif", "owa", "14.3.123.3"),
        ("c.zip!/C/x/OWA/AUTH/15.01.2375/x", "owa/auth", "15.1.2375.0"),
    ],
)
def test_folders_are_named_after_builds(path: str, name: str, build: str) -> None:
    (fact,) = path_facts(path)
    assert (fact.subject, fact.name, fact.value) == (Subject.CU_BUILD, name, build)
    assert (fact.evidence, fact.origin.path) == ("version-folder", path)


@pytest.mark.parametrize(
    "path",
    [
        f"{V15}/FrontEnd/HttpProxy/owa/auth/Current/themes/x.css",
        f"{V15}/FrontEnd/HttpProxy/owa/auth/15.1.2507",
        "x/owa/auth/16.1.2507/x",
        "x/owa/auth/15.20.2507/x",
        "x/owa/auth/15.1.0/x",
        "x/myowa/15.1.2507/x",
        "x/owa/auth/15.1.2507.6.9/x",
        "",
    ],
)
def test_other_paths_name_no_build(path: str) -> None:
    assert list(path_facts(path)) == []


MAIL = b"""\
Return-Path: <a@contoso.com>\r
Received: from mx.example.org (mx.example.org [203.0.113.7])\r
        by relay.example.org (8.15.2/8.15.2) with ESMTP id xA4KcmHA121271;\r
        Mon, 4 Nov 2019 14:38:48 -0600\r
Received: from EX02.contoso.com (10.64.6.36) by EX01.contoso.com\r
 (10.64.6.21) with Microsoft SMTP Server (version=TLS1_2,\r
 cipher=TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256_P256) id 15.1.1847.3; Mon, 4 Nov\r
 2019 14:38:34 -0600\r
Received: from EX02.contoso.com ([fe80::1]) by EX02.contoso.com\r
 ([fe80::1%6]) with mapi id 15.01.2507.012; Tue, 1 Nov 2022 10:00:00 +0100\r
Received: from online.outlook.com (2603::1) by online.outlook.com with\r
 Microsoft SMTP Server id 15.20.3955.18; Tue, 23 Mar 2021 14:57:48 +0000\r
Subject: Received: from x by y with Microsoft SMTP Server id 15.1.1.1\r
\r
text\r
"""
EXPECTED = [
    ("EX01.contoso.com", "15.1.1847.3", datetime(2019, 11, 4, 20, 38, 34, tzinfo=UTC), 5),
    ("EX02.contoso.com", "15.1.2507.12", datetime(2022, 11, 1, 9, 0, tzinfo=UTC), 9),
]


def mail(data: bytes, path: str = "x.eml") -> list[Fact]:
    assert is_mail(data[: 64 * 1024], path)
    return list(read_mail(Document(path, data)))


def test_mail_headers_name_each_servers_build_and_time() -> None:
    found = mail(MAIL)
    assert [(f.name, f.value, f.time, f.origin.line) for f in found] == EXPECTED
    assert {(f.subject, f.evidence) for f in found} == {(Subject.BUILD, "mail-headers")}
    assert [f.computer for f in found] == ["EX01", "EX02"]
    assert found[1].text.startswith("Received: from EX02.contoso.com ([fe80::1]) by EX02")
    assert recognise(MAIL, "x.eml") == "mail-headers"


@pytest.mark.parametrize(("name", "computer"), [("EX01", "EX01"), ("10.0.0.7", "10.0.0.7")])
def test_a_server_is_known_by_its_own_name(name: str, computer: str) -> None:
    header = f"Received: from x by {name} with Microsoft SMTP Server id 15.1.2507.6; x\r\n"
    (fact,) = mail(header.encode())
    assert (fact.name, fact.computer) == (name, computer)


def test_an_outlook_message_keeps_its_headers_wide() -> None:
    wide = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + MAIL.decode().encode("utf-16-le")
    assert [(f.name, f.value) for f in mail(wide, "x.msg")] == [row[:2] for row in EXPECTED]
    assert not is_mail(wide[:600], "x.msg")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (b"Tue, 23 Mar 2021 07:57:49 -0700", datetime(2021, 3, 23, 14, 57, 49, tzinfo=UTC)),
        (b"23 Mar 2021 07:57 +0530", datetime(2021, 3, 23, 2, 27, tzinfo=UTC)),
        (b"Tue, 23 Mar 2021 07:57:49 GMT", datetime(2021, 3, 23, 7, 57, 49, tzinfo=UTC)),
        (b"Tue, 23 Mar 2021 07:57:49", datetime(2021, 3, 23, 7, 57, 49, tzinfo=UTC)),
        (b"Tue, 31 Feb 2021 07:57:49 +0000", None),
        (b"Tue, 23 Foo 2021 07:57:49 +0000", None),
        (b"1 Jan 0001 00:00:00 +2359", None),
        (b"", None),
    ],
)
def test_times_of_headers_are_brought_to_utc(date: bytes, expected: datetime | None) -> None:
    line = b"Received: from a by EX01 with Microsoft SMTP Server id 15.1.2507.6; " + date + b"\r\n"
    (fact,) = mail(line)
    assert fact.time == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# Headers\n\nwith Microsoft SMTP Server id 15.1.2507.6\n",
        b"Subject: nothing\r\n\r\ntext",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
)
def test_other_files_are_no_mails(data: bytes) -> None:
    assert not is_mail(data, "x.eml")


def _held() -> int:
    """Return the most kilobytes that this process ever held; macOS counts bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def test_one_header_of_countless_lines_is_read_within_bounds() -> None:
    data = b"Received: from a by b with Microsoft SMTP Server" + b"\n x" * 1_000_000
    data += b"\n id 15.1.2507.6; 1 Jan 2021 00:00 +0000\n" + MAIL
    before = _held()
    assert [fact.value for fact in mail(data)] == [row[1] for row in EXPECTED]
    assert _held() - before < 40_000


def test_a_file_of_countless_mails_is_read_within_bounds() -> None:
    one = b"Received: from a by b with Microsoft SMTP Server id 15.1.2507.6; 1\n"
    assert len(mail(one * 10 * MOST)) == MOST
    begun = time.perf_counter()
    for hostile in (b"by x with Microsoft SMTP Server ", b"id 15.1 ", b"\n Received: "):
        mail(b"Received: with Microsoft SMTP Server " + hostile * 200_000)
        mail((b"Received: with Microsoft SMTP Server " + hostile * 60 + b"\n") * 3_000)
    assert time.perf_counter() - begun < 30


OWA = b"""\
HTTP/1.1 302 Found\r
Location: https://mail.contoso.com/owa/auth/logon.aspx\r
X-OWA-Version: 15.2.2562.46\r
X-FEServer: EX01\r
Date: Sat, 10 Oct 2026 08:09:10 GMT\r
\r
"""
MANIFEST = b"""\
<?xml version="1.0" encoding="utf-8"?>
<asmv1:assembly xmlns="urn:schemas-microsoft-com:asm.v2" manifestVersion="1.0">
  <assemblyIdentity name="microsoft.exchange.ediscovery.exporttool.application"
    version="15.1.2375.7" publicKeyToken="b1d1a6c45aa418ce" language="neutral" />
</asmv1:assembly>
"""
SOAP = b"""\
<?xml version="1.0" encoding="utf-8"?><s:Envelope><s:Header>
<h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507"
 MinorBuildNumber="16" Version="V2017_07_11" xmlns:h="x"/></s:Header></s:Envelope>
"""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (OWA, ("X-OWA-Version", "15.2.2562.46", "EX01", 3)),
        (MANIFEST, ("eDiscovery export tool", "15.1.2375.7", "", 3)),
        (SOAP, ("ServerVersionInfo", "15.1.2507.16", "", 2)),
    ],
)
def test_saved_answers_name_the_build(data: bytes, expected: tuple[str, str, str, int]) -> None:
    assert is_answer(data, "saved.txt")
    (fact,) = read_answer(Document("saved.txt", data))
    assert (fact.name, fact.value, fact.computer, fact.origin.line) == expected
    assert fact.time == (datetime(2026, 10, 10, 8, 9, 10, tzinfo=UTC) if data is OWA else None)
    assert recognise(data, "saved.txt") == "http-response"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\nX",
        b"GET /owa HTTP/1.1\r\nX-OWA-Version: 15.2.2562.46\r\n",
        b"X-OWA-Version: 15.2.2562.46\r\n",
        b"a page about " + MANIFEST,
    ],
)
def test_other_files_are_no_answers(data: bytes) -> None:
    assert not is_answer(data, "x")


def test_an_answer_of_exchange_online_names_no_build() -> None:
    data = OWA.replace(b"15.2.2562.46", b"15.20.3955.18")
    assert list(read_answer(Document("x", data))) == []
    cut = SOAP.replace(b'MinorBuildNumber="16"', b"")
    assert list(read_answer(Document("x", cut))) == []
