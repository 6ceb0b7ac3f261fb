"""Files that become records, and exports whose rows begin with no time: from bytes to findings."""

import io

import pytest
from assembly_building import assembly
from test_compiledpage import RECORD
from test_filesystem import CLIENT, JOURNAL, MFT, change, entry
from traces_reading import OWA

from extriage.matchers.prefilter import build
from extriage.model.evidence import Artifact
from extriage.model.reading import ArtifactResult
from extriage.parsers import KINDS
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack


def scanned(data: bytes, path: str, *, prefilter: bool = True) -> ArtifactResult:
    pack = load_pack(Content(prefilter=prefilter))
    return read_artifact(Artifact(path, len(data)), io.BytesIO(data), pack, lambda _: None)


def rules(result: ArtifactResult) -> set[str]:
    return {kept.rule for kept in result.kept}


@pytest.mark.parametrize("prefilter", [True, False])
def test_a_record_of_a_compiled_page_is_found_and_counted(prefilter: bool) -> None:
    result = scanned(RECORD.encode("utf-16"), f"{OWA}/x.aspx.f5.compiled", prefilter=prefilter)
    assert (result.entry.kind, result.entry.status) == ("compiled-page", "read")
    assert "compiled_page_foreign" in rules(result)
    assert [(tally.kind, tally.records) for tally in result.tallies] == [("compiled-page", 1)]


def test_a_damaged_record_is_partial_and_still_found() -> None:
    result = scanned(RECORD[:230].encode(), f"{OWA}/x.aspx.f5.compiled")
    assert result.entry.status == "partial"
    assert "broken at line" in result.entry.reason
    assert "compiled_page_foreign" in rules(result)


def test_an_assembly_is_judged_by_what_it_calls() -> None:
    calls = ["Microsoft.JScript.Eval.JScriptEvaluate", "System.Web.HttpRequest.get_Item"]
    result = scanned(assembly(calls=calls, texts=["~/auth/x.aspx"]), f"{OWA}/App_Web_a.dll")
    assert {"compiled_assembly_evaluates", "compiled_assembly_foreign_page"} <= rules(result)


def test_yara_rules_look_at_an_assembly_even_if_it_is_damaged() -> None:
    data = assembly(texts=["SM_" + "SESSION", "GET" + "FILE", "PUT" + "FILE"])
    for whole in (data, data[:-40], b"MZ" + data[0x200:]):
        assert "module_session_manager" in rules(scanned(whole, f"{OWA}/App_Web_a.dll"))


def test_what_cannot_be_read_is_named() -> None:
    result = scanned(b"MZ" + bytes(500), f"{OWA}/App_Web_a.dll")
    assert (result.entry.status, result.kept) == ("unreadable", [])
    assert "no readable assembly" in result.entry.reason
    huge = scanned(b"MZ" + bytes(16 << 20), f"{OWA}/App_Web_a.dll")
    assert (huge.entry.status, "larger than" in huge.entry.reason) == ("unreadable", True)


TABLE = "\r\n".join(
    [
        MFT,
        *(
            entry(r".\Windows\WinSxS", f"f{n}.dll", "2021-03-03 05:01:02.1234567")
            for n in range(500)
        ),
        entry(CLIENT, "x.aspx", "2021-03-03 05:01:02.1234567"),
        entry(CLIENT, '"a, b.aspx"', "2021-03-04 05:01:02.1234567"),
        "",
    ]
).encode()


@pytest.mark.parametrize("prefilter", [True, False])
def test_a_table_of_files_is_accounted_for_row_by_row(prefilter: bool) -> None:
    result = scanned(TABLE, "out.csv", prefilter=prefilter)
    entry_ = result.entry
    counts = (entry_.lines, entry_.parsed, entry_.raw, entry_.comment, entry_.blank)
    assert (entry_.kind, counts) == ("file-record", (503, 502, 0, 1, 0))
    (kept,) = (one for one in result.kept if one.rule == "file_record_foreign_page")
    assert [(line.line, str(line.time)[:10]) for line in kept.lines] == [
        (502, "2021-03-03"),
        (503, "2021-03-04"),
    ]
    (tally,) = result.tallies
    assert (tally.records, tally.first) == (502, None), "what files say of times covers nothing"


@pytest.mark.parametrize("lines", [1, 700])
def test_a_journal_covers_the_time_from_its_first_row_to_its_last(lines: int) -> None:
    rows = [change(r".\Windows", f"a{n}.aspx", "FileCreate|Close") for n in range(lines)]
    rows[-1] = rows[-1].replace("2021-03-03", "2021-03-09")
    result = scanned("\n".join([JOURNAL, *rows, ""]).encode(), "j.csv")
    (tally,) = result.tallies
    assert (result.entry.parsed, tally.records) == (lines, lines)
    assert str(tally.last)[:10] == "2021-03-09"


def test_rows_as_json_are_read_without_a_header() -> None:
    row = (
        b'{"Timestamp":"2021-03-03T05:01:02Z","Filename":"x.aspx","Usn":1,"Reason":["FILE_CREATE"],'
    )
    row += b'"OSPath":"C:\\\\inetpub\\\\wwwroot\\\\aspnet_client\\\\x.aspx"}\n'
    result = scanned(row * 40 + b"\n" + row, "usn.json")
    assert (result.entry.kind, result.entry.parsed, result.entry.blank) == ("file-change", 41, 1)
    assert "file_change_foreign_page_made" in rules(result)


def test_a_long_row_of_json_is_read_as_one() -> None:
    row = b'{"Timestamp":"2021-03-03T05:01:02Z","Filename":"x","Usn":1,"Reason":[],"a":"'
    format = KINDS["file-change"].format
    assert format is not None
    reader = LineReader("x", format, build("file-change", ()), Collector())
    reader.read(io.BytesIO(row + b"y" * 200_000 + b'"}\n' + row + b'"}\n'), lambda _: None)
    assert (reader.counts.lines, reader.counts.parsed) == (2, 2)
