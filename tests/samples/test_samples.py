"""The sample servers are what they claim to be: consistent, repeatable, and inert."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extriage import samples
from extriage.model.detection import Stage
from extriage.samples import (
    Planted,
    ServerSpec,
    pages,
    truth,
    write_big_iis,
    write_big_log,
    write_server,
)
from extriage.samples.httpproxy import columns
from extriage.samples.spec import Encoding, EventShape, Layout, Product, packed

START = datetime(2021, 3, 1, tzinfo=UTC)
SMALL = ServerSpec(
    start=START, end=START + timedelta(days=2), lines=3000, attack="chain", hours_per_file=6
)


def small(**changes: object) -> ServerSpec:
    values = {name: getattr(SMALL, name) for name in ServerSpec.__slots__}
    return ServerSpec(**(values | changes))


def texts(folder: Path, encoding: str = "utf-8") -> dict[str, str]:
    """Every file of a sample by its relative path; pages are UTF-8 whatever the logs are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            wide = data.startswith(b"\xff\xfe")
            name = path.relative_to(folder).as_posix()
            found[name] = data.decode("utf-16" if wide else encoding.replace("utf-16", "utf-8"))
    return found


def rows(text: str) -> list[str]:
    return [
        line
        for line in text.removesuffix("\r\n").split("\r\n")
        if not line.startswith(("#", "DateTime,"))
    ]


def written(tmp_path: Path, spec: ServerSpec) -> dict[str, str]:
    write_server(tmp_path, spec)
    return texts(tmp_path, spec.encoding)


def of(files: dict[str, str], part: str) -> list[str]:
    return [row for path, text in files.items() if part in path for row in rows(text)]


def one(planted: tuple[Planted, ...], what: str, part: str) -> Planted:
    return next(item for item in planted if item.what == what and part in item.path)


def test_the_same_specification_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a", SMALL)
    assert first == written(tmp_path / "b", SMALL)
    assert truth(SMALL) == truth(SMALL)
    assert first != written(tmp_path / "c", small(seed=2))


@pytest.mark.parametrize("product", ["2010", "2013", "2016", "2019"])
@pytest.mark.parametrize("layout", ["drive", "pile"])
def test_every_planted_line_stands_in_its_file(
    tmp_path: Path, product: Product, layout: Layout
) -> None:
    spec = small(product=product, layout=layout, drive="E:")
    files = written(tmp_path, spec)
    planted = truth(spec)
    assert {item.stage for item in planted} >= {Stage.PROBED, Stage.PLANTED, Stage.EXECUTED, None}
    for item in planted:
        text = files[item.path]
        assert text == item.text or item.text in text.split("\r\n"), item.what


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_written_as_asked(tmp_path: Path, encoding: Encoding) -> None:
    spec = small(encoding=encoding)
    files = written(tmp_path, spec)
    assert all(
        item.text in files[item.path].split("\r\n") for item in truth(spec) if "log" in item.path
    )
    first = next(path for path in tmp_path.rglob("HttpProxy_*"))
    mark = {"utf-8": b"Dat", "utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfeD"}[encoding]
    assert first.read_bytes()[:3] == mark


@pytest.mark.parametrize(
    ("product", "build", "count"),
    [
        ("2013", (15, 0, 847, 32), 64),
        ("2013", None, 69),
        ("2016", None, 74),
        ("2019", None, 74),
    ],
)
def test_httpproxy_rows_have_the_columns_of_their_build(
    tmp_path: Path, product: Product, build: tuple[int, int, int, int] | None, count: int
) -> None:
    spec = small(product=product, build=build)
    files = {path: text for path, text in written(tmp_path, spec).items() if "/HttpProxy/" in path}
    logs = {path: text for path, text in files.items() if path.endswith(".LOG")}
    for text in logs.values():
        lines = text.split("\r\n")
        assert lines[0].split(",") == list(columns(spec.number))
        assert lines[5] == f"#Fields: {lines[0]}"
        assert {len(row.split(",")) for row in rows(text)} == {count}
    assert len({path.split("/")[-2] for path in logs}) == 9


def test_columns_stand_where_exchange_puts_them() -> None:
    assert columns((15, 1, 2375, 7)).index("UrlQuery") == 65
    assert columns((15, 0, 847, 32)).index("GenericInfo") == 62
    assert packed((15, 1, 2375, 7)) == 1942063431


@pytest.mark.parametrize("product", ["2010", "2016"])
def test_iis_rows_have_the_fields_of_their_header(tmp_path: Path, product: Product) -> None:
    files = written(tmp_path, small(product=product))
    logs = [text for path, text in files.items() if "W3SVC" in path]
    assert len({path for path in files if "W3SVC" in path}) == (2 if product == "2010" else 4)
    for text in logs:
        names = text.split("\r\n")[3].removeprefix("#Fields: ").split(" ")
        for row in rows(text):
            values = row.split(" ")
            if "444  " in row or "81  " in row:
                assert values.pop(7) == ""
            assert len(values) == len(names), row


def test_back_end_shows_the_server_itself_and_empty_fields(tmp_path: Path) -> None:
    back = of(written(tmp_path, SMALL), "W3SVC2")
    assert any("/rpc/rpcproxy.dll" in row and "CONTOSO\\EX01$" in row for row in back)
    assert any(" /powershell " in row and " 444  CONTOSO\\" in row for row in back)


def test_rows_lie_in_the_covered_time_in_order_and_in_the_right_file(tmp_path: Path) -> None:
    gap = (START + timedelta(hours=10), START + timedelta(hours=15))
    files = written(tmp_path, small(gaps=(gap,), attack="probes"))
    for path, text in files.items():
        if not path.endswith((".LOG", ".log")):
            continue
        stamps = [row[:19].replace("T", " ") for row in rows(text)]
        assert stamps == sorted(stamps)
        for text_of_time in stamps:
            time = datetime.fromisoformat(text_of_time).replace(tzinfo=UTC)
            assert SMALL.start <= time < SMALL.end
            assert not gap[0] <= time < gap[1]
        if match := re.search(r"HttpProxy_(\d{10})-1", path):
            first = datetime.strptime(match[1] + "+0000", "%Y%m%d%H%z")
            last = datetime.fromisoformat(stamps[-1]).replace(tzinfo=UTC)
            assert first <= last < first + timedelta(hours=6)


def test_as_many_ordinary_lines_as_asked_for(tmp_path: Path) -> None:
    files = written(tmp_path, small(attack="none"))
    logs = [text for path, text in files.items() if path.endswith((".LOG", ".log", ".jsonl"))]
    count = sum(len(rows(text)) for text in logs)
    assert SMALL.lines <= count < SMALL.lines + 60


def test_an_unattacked_server_plants_nothing(tmp_path: Path) -> None:
    spec = small(attack="none")
    assert truth(spec) == ()
    everything = "\n".join(written(tmp_path, spec).values())
    assert "Page_Load" not in everything
    assert not re.search(r"ServerInfo~[^,]*/", everything)
    assert f"ServerInfo~{spec.fqdn}," in everything
    assert "Set-O" in everything, "administrators change virtual directories legitimately"
    assert "ResetOWAVirtualDirectory" in everything
    assert "ClientAccess\\OAB\\" in everything


def test_probes_prove_no_more_than_probing() -> None:
    planted = truth(small(attack="probes"))
    assert {item.stage for item in planted} == {Stage.PROBED, None}
    kinds = {item.what for item in planted}
    assert kinds >= {"nmap-check", "ssrf-outside", "static-post", "shell-hunter", "manifest-scan"}
    script = one(planted, "nmap-check", "HttpProxy")
    assert ",localhost,00.00.0003.000," in script.text
    walked = [item for item in planted if item.what == "shell-hunter" and "W3SVC1" in item.path]
    assert len(walked) == 100
    assert {item.text.split(" ")[-4] for item in walked} == {"302", "404"}


def test_one_request_stands_in_every_log_that_saw_it() -> None:
    planted = truth(SMALL)
    names = columns(SMALL.number)
    for what in ("ssrf-mapi", "proxylogon", "ddi-get", "ddi-set", "ddi-reset"):
        proxied = one(planted, what, "/HttpProxy/Ecp/")
        values = dict(zip(names, proxied.text.split(","), strict=True))
        assert values["AuthenticatedUser"] == ""
        assert values["AnchorMailbox"].startswith("ServerInfo~a]@ex01.contoso.example:444/")
        front = one(planted, what, "W3SVC1")
        assert f"cafeReqId={values['RequestId']};" in front.text
        assert front.time == proxied.time
        assert "CONTOSO\\EX01$" in one(planted, what, "W3SVC2").text
    assert one(planted, "proxylogon", "W3SVC1").text.split(" ")[-4] == "241"


def test_control_panel_rows_join_the_back_end() -> None:
    planted = truth(SMALL)
    row = one(planted, "Set-OabVirtualDirectory", "/ECP/Server/")
    (cells,) = csv.reader([row.text])
    assert len(cells) == 4
    data = cells[3]
    assert f"ExternalUrl=''{pages.markup()}''" in data
    activity = re.search(r"S:ACTID=([0-9a-f-]{36})", data)
    canary = re.search(r"msExchEcpCanary=([\w-]{75}\.)", data)
    assert activity
    assert canary
    back = one(planted, "ddi-set", "W3SVC2").text
    assert f"ActID={activity[1]}" in back
    assert canary[0] in back
    assert canary[0] in one(planted, "ddi-set", "/HttpProxy/").text
    assert "S:BLD=15.1.2106.2" in data


def test_the_chain_climbs_the_ladder_in_time() -> None:
    planted = [item for item in truth(SMALL) if item.time >= SMALL.chain_at and item.stage]
    first = {
        stage: min(item.time for item in planted if item.stage is stage)
        for stage in (Stage.PROBED, Stage.REACHED, Stage.PLANTED, Stage.EXECUTED)
    }
    assert list(first.values()) == sorted(first.values())
    assert {item.cve for item in planted} == {
        "CVE-2021-26855",
        "CVE-2021-27065",
        "CVE-2021-26858",
    }


def test_the_installation_drive_moves_exchange_but_not_windows(tmp_path: Path) -> None:
    files = written(tmp_path, small(drive="E:"))
    assert {path.split("/")[0] for path in files} == {"C", "E", "exports"}
    assert any(path.startswith("C/inetpub/logs/LogFiles/W3SVC1/u_ex") for path in files)
    shell = one(truth(small(drive="E:")), "shell-file", "FrontEnd/HttpProxy/owa/auth/")
    assert shell.path.startswith("E/Program Files/Microsoft/Exchange Server/V15/")


def test_a_logging_folder_holds_nothing_else(tmp_path: Path) -> None:
    spec = small(layout="logging")
    files = written(tmp_path, spec)
    assert {path.split("/")[1] for path in files} == {"HttpProxy", "ECP", "OABGeneratorLog"}
    assert all(item.path in files for item in truth(spec))
    assert {item.stage for item in truth(spec)} >= {Stage.PLANTED, Stage.EXECUTED}


def test_a_pile_tells_nothing_by_its_names(tmp_path: Path) -> None:
    files = written(tmp_path, small(layout="pile"))
    assert all(re.fullmatch(r"[0-9a-f]{8}\.txt", path) for path in files)


def test_an_update_changes_the_build_and_shuts_the_door(tmp_path: Path) -> None:
    spec = small(patched_at=START + timedelta(hours=20))
    files = written(tmp_path, spec)
    for row in of(files, "/Logging/HttpProxy/"):
        values = row.split(",")
        late = values[0] >= "2021-03-01T20"
        assert values[2:6] == ["15", "1", "2106", "13" if late else "2"]
    late_chain = [item for item in truth(spec) if item.time >= spec.chain_at and item.stage]
    assert late_chain
    assert {item.stage for item in late_chain} == {Stage.PROBED}
    assert not any("ServerInfo~" in item.text for item in late_chain)


def test_exchange_2010_has_events_and_one_site_only(tmp_path: Path) -> None:
    spec = small(product="2010")
    files = written(tmp_path, spec)
    assert not any("/Logging/" in path or "W3SVC2" in path for path in files)
    assert any("/owa/14.3.496.0/" in row for row in of(files, "W3SVC1"))
    chain = [item for item in truth(spec) if item.cve == "CVE-2021-26857"]
    assert "System.InvalidCastException" in one(tuple(chain), "um-invalid-cast", "Appl").text
    child = json.loads(one(tuple(chain), "child-of-server-process", "Sysmon").text)
    assert child["Event"]["EventData"]["ParentImage"].endswith("\\V14\\Bin\\UMWorkerProcess.exe")
    assert one(tuple(chain), "shell-file", ".aspx").path.startswith("C/Program Files/")


@pytest.mark.parametrize("shape", ["evtx", "flat"])
def test_exports_may_carry_a_false_clock(tmp_path: Path, shape: EventShape) -> None:
    offset = timedelta(hours=-5)
    spec = small(event_shape=shape, event_offset=offset)
    seen = 0
    for line in of(written(tmp_path, spec), "Sysmon"):
        event = json.loads(line)
        if shape == "evtx":
            stamp = event["Event"]["System"]["TimeCreated"]["#attributes"]["SystemTime"]
            utc = event["Event"]["EventData"]["UtcTime"]
        else:
            stamp, utc = event["@timestamp"], event["UtcTime"]
            assert event["Channel"] == "Microsoft-Windows-Sysmon/Operational"
        assert datetime.fromisoformat(stamp[:-1]) - datetime.fromisoformat(utc) == offset
        seen += 1
    assert seen > 20


def test_cmdlet_events_have_their_data_items_or_their_text(tmp_path: Path) -> None:
    planted = truth(SMALL)
    event = json.loads(one(planted, "cmdlet-Set-OabVirtualDirectory", "Management").text)
    items = event["Event"]["EventData"]["Data"]["#text"]
    assert len(items) == 27
    assert pages.markup() in items[1]
    flat = truth(small(event_shape="flat"))
    message = json.loads(one(flat, "cmdlet-Set-OabVirtualDirectory", "Management").text)["Message"]
    assert message.startswith("Cmdlet suceeded. Cmdlet Set-OabVirtualDirectory, parameters -Ext")


def test_what_was_not_collected_is_not_written(tmp_path: Path) -> None:
    spec = small(omit=("httpproxy", "events", "web-file"))
    files = written(tmp_path, spec)
    assert {path.rpartition(".")[2] for path in files} == {"log", "LOG"}
    assert not any("HttpProxy" in path for path in files)
    assert all("HttpProxy" not in item.path for item in truth(spec))


def test_a_gap_over_everything_ends_quickly(tmp_path: Path) -> None:
    files = written(tmp_path, small(gaps=((START, START + timedelta(days=3)),)))
    assert not any(path.endswith((".log", ".LOG", ".jsonl")) for path in files)


def test_shells_are_inert_and_no_source_holds_their_text() -> None:
    text = pages.markup()
    assert 'runat="server"' in text
    assert text.count("[") == text.count("]") + 1, "an open bracket: this does not compile"
    tell_tale = re.compile(r"eval\(Request|<script")
    assert tell_tale.search(text)
    for path in Path(samples.__file__).parent.glob("*.py"):
        assert not tell_tale.search(path.read_text(encoding="utf-8")), path.name


def test_impossible_servers_are_refused() -> None:
    with pytest.raises(ValueError, match="end after its start"):
        ServerSpec(start=START, end=START)
    with pytest.raises(ValueError, match="Logging"):
        ServerSpec(product="2010", layout="logging")
    with pytest.raises(ValueError, match=r"no March 2021 update for 15\.1\.1"):
        _ = ServerSpec(build=(15, 1, 1, 1)).patched


def test_a_big_log_is_one_log_in_order(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    count = write_big_log(path, 12_000_000, seed=3)
    again = tmp_path / "again.log"
    assert write_big_log(again, 12_000_000, seed=3) == count
    assert path.read_bytes() == again.read_bytes()
    text = path.read_bytes().decode()
    assert 12_000_000 <= path.stat().st_size < 14_000_000
    assert text.count("\n") == count
    lines = rows(text)
    stamps = [line[:24] for line in lines]
    assert stamps == sorted(stamps)
    assert {line.count(",") for line in lines} == {73}
    for line in lines:
        for mark in ("BeginRequest=", "EndRequest="):
            assert line.partition(mark)[2][:16] == line[:16]
    candidates = sum("ServerInfo~" in line or "autodiscover.json" in line for line in lines)
    assert 0.004 < candidates / len(lines) < 0.02
    assert not re.search(r"ServerInfo~[^,]*/", text)


def test_a_big_iis_log_is_one_log_of_both_sites_in_order(tmp_path: Path) -> None:
    path, again = tmp_path / "big.log", tmp_path / "again.log"
    count = write_big_iis(path, 12_000_000, seed=3)
    assert write_big_iis(again, 12_000_000, seed=3) == count
    assert path.read_bytes() == again.read_bytes()
    text = path.read_bytes().decode()
    assert text.count("\n") == count
    lines = rows(text)
    stamps = [line[:19] for line in lines]
    assert stamps == sorted(stamps)
    assert {line.split(" ")[6] for line in lines} >= {"443", "444"}
