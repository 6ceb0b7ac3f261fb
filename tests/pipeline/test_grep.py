"""A search finds the same whatever is in its way: the prefilter, archives, workers, large files."""

import gzip
import shutil
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from extriage.matchers.query import parse
from extriage.matchers.querytarget import sought
from extriage.pipeline import census, greppool
from extriage.pipeline import parts as splitting
from extriage.pipeline.grep import Looked, Search, record_kinds
from extriage.pipeline.greppool import search_paths
from extriage.pipeline.matches import Hit, Wanted
from extriage.samples import ServerSpec, write_big_iis, write_big_log, write_server

EVIDENCE = Path(__file__).parents[1] / "evidence"
HEAD = (
    "#Log-type: HttpProxy Logs\r\n#Fields: DateTime,RequestId,Method,UrlStem,UrlQuery,UserAgent,"
    "ClientIpAddress,HttpStatus"
)


def searched(
    path: Path, query: str, jobs: int = 1, *, prefilter: bool = True, **wanted: Any
) -> tuple[list[Hit], list[Looked]]:
    hits: list[Hit] = []
    texts = tuple(sought(parse(query)))
    search = Search(query, Wanted(texts=texts, **wanted), prefilter)
    looked = search_paths([path], search, jobs, hits.append)
    return hits, looked


def lines(path: Path, query: str) -> list[int]:
    return [hit.line for hit in searched(path, query)[0]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    write_server(folder, ServerSpec(attack="chain", lines=1_500, hours_per_file=240))
    return folder


QUERIES = [
    "url=*.aspx method=POST",
    "whoami",
    "address=203.0.113.0/24",
    "account=administrator",
    "status>=500",
    "agent~python|curl",
    "/cmd\\.exe|Set-OabVirtualDirectory/",
    "not method=GET time>=2021-03-03",
    "kind=events event=4624 or cmdlet=*virtualdirectory*",
    "CommonAccessToken.LogonName=*",
    '"owa/auth" (status=200 or status=241)',
    "UrlStem=/ecp/*.js",
]


@cache
def both_ways(path: Path, query: str) -> tuple[list[Hit], list[Hit]]:
    return searched(path, query)[0], searched(path, query, prefilter=False)[0]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the evidence of every kind without the folders of many like documents."""
    folder = tmp_path_factory.mktemp("logs") / "evidence"
    shutil.copytree(EVIDENCE, folder, ignore=shutil.ignore_patterns(*MANY_ALIKE))
    return folder


MANY_ALIKE = ("benign-aspnet-pages", "exchange-config", "extended-protection")


@pytest.mark.parametrize("query", QUERIES)
def test_the_prefilter_changes_nothing(server: Path, logs: Path, query: str) -> None:
    whole = [EVIDENCE / name for name in MANY_ALIKE] if query in ("whoami", QUERIES[0]) else []
    for folder in (server, logs, *whole):
        with_it, without = both_ways(folder, query)
        assert with_it == without
        assert [hit.path for hit in with_it] == sorted(hit.path for hit in with_it)


@pytest.mark.parametrize("query", ["url=*.aspx method=POST", "whoami", "address=203.0.113.0/24"])
def test_the_queries_of_the_tests_find_something(server: Path, query: str) -> None:
    assert both_ways(server, query)[0]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("cs-uri-stem=/owa/*", "iis"),
        ("Protocol=Owa", "httpproxy"),
        ("event=4625 or EventID=6", "events"),
        ("event-id=receive or source=smtp", "message-tracking"),
        ("SoapAction=*", "ews"),
        ("connector-id=*", "smtp"),
    ],
)
def test_each_kind_is_asked_by_the_names_of_its_log(query: str, kind: str) -> None:
    hits, _ = searched(EVIDENCE, f"kind={kind} ({query})")
    assert {hit.kind for hit in hits} == {kind}


def test_every_kind_of_evidence_can_be_asked_for() -> None:
    assert {"iis", "httpproxy", "events", "audit", "setting", "web-file"} <= record_kinds()
    assert not {"events-json", "audit-export"} & record_kinds()


def test_events_of_evtx_files_are_searched_in_their_values() -> None:
    hits, looked = searched(EVIDENCE / "evtx", '"transport agent" or Install-TransportAgent')
    assert hits
    assert all(hit.kind == "events" and hit.time for hit in hits)
    damaged = [one for one in looked if one.status == "partial"]
    assert [one.path for one in damaged] == ["evtx/RdpCoreTS_first_chunk.evtx"]


def test_archives_are_searched_like_folders(server: Path, tmp_path: Path) -> None:
    packed = tmp_path / "server.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(server.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(server))
    loose, _ = searched(server, "url=*.aspx method=POST")
    inside, _ = searched(packed, "url=*.aspx method=POST")
    assert sorted(hit.raw for hit in loose) == sorted(hit.raw for hit in inside)


def test_a_packed_log_is_searched(tmp_path: Path) -> None:
    log = tmp_path / "u_ex210302.log.gz"
    text = "#Fields: date time c-ip cs-uri-stem\n2021-03-02 01:00:00 203.0.113.7 /x.aspx\n"
    log.write_bytes(gzip.compress(text.encode()))
    (hit,) = searched(log, "c-ip=203.0.113.7")[0]
    assert (hit.line, hit.raw) == (2, b"2021-03-02 01:00:00 203.0.113.7 /x.aspx")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    write_big_log(folder / "HttpProxy_2021030200-1.LOG", 6_000_000)
    write_big_iis(folder / "u_ex210220.log", 6_000_000)
    return folder


@pytest.fixture
def large(written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return large logs, which are searched in parts; tests leave them as they are."""
    monkeypatch.setattr(greppool, "SMALL", 0)
    monkeypatch.setattr(splitting, "LARGE", 1_000_000)
    monkeypatch.setattr(splitting, "PART", 1_500_000)
    return written


@pytest.mark.parametrize("query", ["url=*/owa/* status=302", "agent=*Outlook* time<2021-02-21"])
def test_workers_tell_the_same_in_the_same_order(large: Path, query: str) -> None:
    one, seen = searched(large, query, columns=("time", "url"))
    two, too = searched(large, query, jobs=2, columns=("time", "url"))
    assert one
    assert one == two
    assert sum(file.found for file in seen) == sum(file.found for file in too) == len(one)


def test_columns_that_change_in_a_large_log_are_followed(large: Path, tmp_path: Path) -> None:
    log = tmp_path / "u_ex210220.log"
    head = b"#Fields: date time cs-uri-stem c-ip cs(User-Agent)\n"
    row = b"2021-02-27 01:00:00 /late.aspx 203.0.113.7 " + b"a" * 300 + b"\n"
    log.write_bytes((large / log.name).read_bytes() + head + row * 6_000)
    for query in ("c-ip=203.0.113.7", "cs-uri-stem=/late.aspx"):
        one, two = searched(log, query)[0], searched(log, query, jobs=2)[0]
        assert len(one) == 6_000
        assert one == two


def test_blocks_are_passed_over_without_losing_count(tmp_path: Path) -> None:
    log = tmp_path / "HttpProxy_2021030200-1.LOG"
    write_big_log(log, 9_000_000)
    rows = log.read_bytes().splitlines(keepends=True)
    for at in (7, len(rows) // 2, len(rows) - 1):
        rows[at] = (
            rows[at].replace(b"GET", b"NEEDLEINTHELOG", 1).replace(b"POST", b"NEEDLEINTHELOG", 1)
        )
    log.write_bytes(b"".join(rows))
    found = [n for n, row in enumerate(rows, 1) if b"NEEDLEINTHELOG" in row]
    assert len(found) == 3
    assert lines(log, "needleinthelog") == found
    assert [hit.line for hit in searched(log, "needleinthelog", prefilter=False)[0]] == found


def test_a_row_over_many_blocks_is_one_row(tmp_path: Path) -> None:
    log = tmp_path / "HttpProxy_2021030200-1.LOG"
    row = "2021-03-02T01:00:00.000Z,1,GET,/owa/,,Mozilla,192.0.2.1,200\r\n"
    two = (
        '2021-03-02T01:00:01.000Z,2,GET,/x,,"first\r\nNEEDLE in the second line",192.0.2.2,200\r\n'
    )
    before = (2 << 20) // len(row) - 1
    text = f"{HEAD}\r\n" + row * before + two + row * 5
    log.write_bytes(text.encode())
    for prefilter in (True, False):
        (hit,) = searched(log, "needle", prefilter=prefilter, columns=("ClientIpAddress",))[0]
        assert hit.cells == ("192.0.2.2",)
        assert hit.line == before + 3


def test_a_disguised_page_is_found_in_a_block_that_holds_no_text_of_the_query(
    tmp_path: Path,
) -> None:
    log = tmp_path / "u_ex210302.log"
    row = "2021-03-02 01:00:00 192.0.2.1 GET /owa/ 200\n"
    bad = "2021-03-02 01:00:00 192.0.2.9 POST /ow%61/%73hell77.aspx 200\n"
    head = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
    log.write_bytes((head + row * 120_000 + bad + row).encode())
    (hit,) = searched(log, "url=*/shell77.aspx")[0]
    assert (hit.line, hit.raw) == (120_002, bad.strip().encode())


def test_over_long_and_odd_lines_are_searched_as_text(tmp_path: Path) -> None:
    log = tmp_path / "HttpProxy_2021030200-1.LOG"
    long = "2021-03-02T01:00:00.000Z,1,GET," + "a" * 1_500_000 + "needle77" + "b" * 900_000
    log.write_bytes(f"{HEAD}\r\n{long}\r\nno row at all but needle77\r\n".encode())
    hits, _ = searched(log, "needle77")
    assert [hit.line for hit in hits] == [3, 4]
    assert all(b"needle77" in hit.raw and len(hit.raw) < 70_000 for hit in hits)


def test_the_lines_of_a_page_are_shown_that_hold_the_text(tmp_path: Path) -> None:
    page = tmp_path / "owa" / "auth" / "x.aspx"
    page.parent.mkdir(parents=True)
    page.write_text("<html>\n<b>needle77</b>\n</html>\n")
    (hit,) = searched(tmp_path, "needle77")[0]
    assert (hit.line, hit.raw) == (2, b"<b>needle77</b>")


def test_utf_16_logs_are_searched(tmp_path: Path) -> None:
    log = tmp_path / "u_ex210302.log"
    text = "#Fields: date time c-ip cs-uri-stem\r\n2021-03-02 01:00:00 203.0.113.7 /xyz.aspx\r\n"
    log.write_bytes(text.encode("utf-16"))
    (hit,) = searched(log, "url=/xyz.aspx")[0]
    assert hit.raw == b"2021-03-02 01:00:00 203.0.113.7 /xyz.aspx"


def test_no_more_of_a_file_than_wanted(server: Path) -> None:
    hits, looked = searched(server, "method=GET", most=2)
    per_file = {path: sum(hit.path == path for hit in hits) for path in {h.path for h in hits}}
    assert set(per_file.values()) <= {1, 2}
    assert 2 in per_file.values()
    assert {one.path for one in looked if one.found} == set(per_file)


def test_counting_hands_nothing_on(server: Path) -> None:
    hits, looked = searched(server, "method=GET", count=True)
    assert not hits
    assert sum(one.found for one in looked) == len(searched(server, "method=GET")[0])


def test_a_reader_who_goes_ends_it_at_once(large: Path) -> None:
    def gone(_hit: Hit) -> None:
        raise BrokenPipeError

    for jobs in (1, 2):
        with pytest.raises(BrokenPipeError):
            search_paths([large], Search("method=GET"), jobs, gone)


def test_a_bare_header_in_a_block_without_hits_holds_from_there_on(tmp_path: Path) -> None:
    log = tmp_path / "HttpProxy_2021030200-1.LOG"
    row = "2021-03-02T01:00:00.000Z,1,GET,/owa/,,Mozilla,192.0.2.1,200\r\n" * 60_000
    other = "2021-03-02T01:00:00.000Z,1,15,/x,,192.0.2.1\r\n" * 90_000
    bare = "DateTime,RequestId,MajorVersion,UrlStem,UrlQuery,ClientIpAddress\r\n"
    found = "2021-03-02T02:00:00.000Z,1,15,/x,,198.51.100.7\r\n"
    log.write_bytes(f"{HEAD}\r\n{row}{bare}{other}{found}".encode())
    query = "ClientIpAddress=198.51.100.7"
    (hit,) = searched(log, query, columns=("ClientIpAddress",))[0]
    assert (hit.line, hit.cells) == (150_004, ("198.51.100.7",))


def test_midnight_is_seen_in_a_block_without_hits(tmp_path: Path) -> None:
    log = tmp_path / "u_ex210302.log"
    head = "#Date: 2021-03-02 20:00:00\n#Fields: time c-ip cs-method cs-uri-stem sc-status\n"
    row = "{} 192.0.2.1 GET /owa/" + "a" * 250 + " 200\n"
    day = row.format("23:00:00") * 9_000 + row.format("01:00:00") * 12_000
    log.write_text(head + day + "23:30:00 192.0.2.1 GET /needle77 200\n")
    for prefilter in (True, False):
        (hit,) = searched(log, "needle77", prefilter=prefilter)[0]
        assert hit.time == "2021-03-03T23:30:00Z"


def test_of_a_block_with_few_hits_only_their_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "HttpProxy_2021030200-1.LOG"
    row = "2021-03-02T01:00:00.000Z,1,GET,/owa/,,Mozilla,192.0.2.1,200\r\n"
    rows = [row] * 200_000
    for at in (5, 90_000, 90_001, 199_999):
        rows[at] = row.replace("/owa/", "/needle77/needle77")
    log.write_bytes(f"{HEAD}\r\n{''.join(rows)}".encode())
    counted: list[int] = []
    take = census.take

    def counting(block: Any, delimiter: int) -> census.Census:
        counted.append(len(block))
        return take(block, delimiter)

    monkeypatch.setattr(census, "take", counting)
    assert lines(log, "needle77") == [8, 90_003, 90_004, 200_002]
    assert sum(counted) < 3_000_000
