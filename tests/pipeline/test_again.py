"""Reading a web log again finds every row of a suspect, at its own line, in whatever company."""

import io
import random
from typing import cast

import pytest

from extriage import parsers
from extriage.analysis.visits import Counter, Visits
from extriage.model.evidence import ByteStream
from extriage.pipeline import blocks
from extriage.pipeline.again import SecondReader
from extriage.pipeline.hunting import Wanted, hunt

PAGES = frozenset({"/owa/auth/qx7tr.aspx", "/aspnet_client/error.aspx", "/oab/日.aspx"})
HEAD = "#Fields: date time cs-method cs-uri-stem c-ip sc-status"
OTHER = "#Fields: date time c-ip cs-uri-stem sc-status cs-method"


def read(text: str | bytes, name: str = "u_ex210302.log") -> tuple[Visits, SecondReader]:
    data = text.encode() if isinstance(text, str) else text
    wanted = Wanted(PAGES, frozenset({"lone.ashx"}))
    counter = Counter(wanted.pages, wanted.names)
    format = parsers.KINDS["iis"].format
    assert format is not None
    reader = SecondReader(name, format, hunt(wanted), counter)
    reader.read(cast("ByteStream", io.BytesIO(data)), lambda _: None)
    return counter.visits(), reader


def row(stem: str = "/owa/auth/QX7tr.aspx", clock: str = "10:00:00") -> str:
    return f"2021-03-02 {clock} GET {stem} 192.0.2.1 200"


def places(visits: Visits) -> list[tuple[str, int]]:
    return sorted((one.page, one.stretches[0].opening.line) for one in visits.pages)


def test_rows_are_found_at_their_own_line_whatever_stands_between() -> None:
    lines = [HEAD, *[row("/owa/img.png")] * 5, row(), "", "\0\0", row("/x/lone.ashx")]
    visits, reader = read("\n".join([*lines, row("/aspnet_client/error.aspx")]))
    assert places(visits) == [
        ("/aspnet_client/error.aspx", 11),
        ("/owa/auth/qx7tr.aspx", 7),
        ("/x/lone.ashx", 10),
    ]
    assert reader.lines == 11


def test_columns_may_change_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 256)
    noise = [row("/owa/img.png")] * 40
    other = "2021-03-02 11:00:00 192.0.2.1 /owa/auth/qx7tr.aspx 200 POST"
    lines = ["\ufeff" + HEAD, *noise, row(), *noise, OTHER, *noise, other]
    visits, _ = read("\r\n".join([*lines, ""]))
    (page,) = visits.pages
    assert page.methods == {"GET": 1, "POST": 1}
    assert (page.stretches[0].opening.line, page.stretches[0].closing.line) == (42, 124)


def test_an_overlong_line_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 14)
    monkeypatch.setattr(blocks, "MAX_LINE", 1 << 14)
    visits, reader = read("\n".join([HEAD, row(), "x" * (1 << 17), row(clock="11:00:00"), ""]))
    (page,) = visits.pages
    assert (page.requests, page.stretches[0].closing.line, reader.lines) == (2, 4, 4)


def test_dates_may_stand_above_the_rows() -> None:
    head = HEAD.replace("date ", "")
    late, early = row(clock="23:59:00")[11:], row(clock="00:01:00")[11:]
    noise = row("/owa/img.png", "00:00:10")[11:]
    visits, _ = read("\n".join(["#Date: 2021-03-02 00:00:00", head, late, noise, early]))
    (page,) = visits.pages
    assert f"{page.first:%m-%d %H:%M} {page.last:%m-%d %H:%M}" == "03-02 23:59 03-03 00:01"


def test_names_in_other_scripts_are_found() -> None:
    visits, _ = read("\n".join([HEAD, row("/oab/日.aspx"), row("/oab/月.aspx")]))
    assert [one.page for one in visits.pages] == ["/oab/日.aspx"]


def test_only_lists_of_foreign_names_are_noted() -> None:
    stems = ("/owa/auth/logon.aspx", "/owa/auth/a.aspx", "/ews/b.asmx", "/oab/c.aspx")
    visits, _ = read("\n".join([HEAD, *map(row, stems)]))
    assert [one.answered for one in visits.walks] == [["/owa/auth/a.aspx"], ["/oab/c.aspx"]]
    assert visits.pages == []


def test_no_garbage_stops_it() -> None:
    rng = random.Random(5)
    good = row().encode()
    for _ in range(200):
        pieces = [rng.randbytes(rng.randrange(200)) for _ in range(8)]
        data = HEAD.encode() + b"\n" + b"\n".join([*pieces[:4], good, *pieces[4:]])
        visits, _ = read(data)
        assert sum(one.requests for one in visits.pages) == 1
