"""A record is a suspect's if its keys say so; as many as there are, in little memory."""

import io
import json
import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from extriage import parsers
from extriage.analysis.suspects import Suspect, SuspectKind
from extriage.analysis.visits import Counter
from extriage.errors import CaseError
from extriage.model.evidence import ByteStream
from extriage.pipeline import blocks, hunting, pivot, trails
from extriage.pipeline.again import SecondReader
from extriage.pipeline.eventsagain import SecondEvents
from extriage.pipeline.hunting import Trailing, Wanted, hunt
from extriage.pipeline.pack import Content
from extriage.pipeline.spill import Found, Spill, Stretch, found_in
from extriage.pipeline.trails import Follower

IIS = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
IIS += "cs(User-Agent) sc-status time-taken"
CANARY = "n-CFwrkq5mtgv38lbk5tbojbn4veqhmxylw3hef1hxvhwspco9ridsgneucmv3l1yp9uakv2ua7."
GUID = "64a2e300-e9c9-4a0f-9487-e8e1afe4f62b"


def wanted(folder: Path, *suspects: tuple[str, str], round: int = 0) -> Wanted:
    numbered = tuple((at, Suspect(SuspectKind(k), v)) for at, (k, v) in enumerate(suspects))
    return Wanted(frozenset(), frozenset(), (), Trailing(numbered, Content(), str(folder), round))


class Body(msgspec.Struct, array_like=True):
    kind: str
    part: str
    text: str
    keys: list[tuple[str, str]]
    method: str
    target: str
    status: str
    account: str
    address: str
    agent: str
    bytes_in: int | None
    bytes_out: int | None
    took: int | None


def body(found: Found) -> Body:
    return msgspec.msgpack.decode(found.body, type=Body)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Found]]:
    """Read a text as a log of some kind for some suspects."""

    def follow(
        text: str | bytes, *suspects: tuple[str, str], kind: str = "iis", name: str = "a.log"
    ) -> list[Found]:
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        asked = wanted(tmp_path, *suspects)
        format = parsers.KINDS[kind].format
        assert format is not None
        with Spill(str(tmp_path), "0") as spill:
            follower = Follower(hunt(asked, kind), spill)
            counter = Counter(frozenset(), frozenset())
            reader = SecondReader(name, format, hunt(asked, kind), counter, follower=follower)
            reader.read(cast("ByteStream", io.BytesIO(data)), lambda _: None)
        found = list(found_in(follower.stretch()))
        assert len(found) == follower.count
        return found

    return follow


Read = Callable[..., list[Found]]


def row(
    client: str = "203.0.113.9",
    *,
    stem: str = "/owa/",
    query: str = "-",
    user: str = "-",
    agent: str = "curl/7",
    clock: str = "10:00:00",
    status: int = 200,
) -> str:
    return (
        f"2021-03-02 {clock} 10.20.0.11 GET {stem} {query} 443 {user} {client} {agent} {status} 31"
    )


def lines(found: Iterable[Found]) -> list[int]:
    return [one.line for one in found]


def test_a_text_in_another_field_is_no_key(read: Read) -> None:
    rows = [
        row(),
        row("192.0.2.1", query="a=203.0.113.9"),
        row("203.0.113.90"),
        row("192.0.2.1", agent="203.0.113.9"),
        row("192.0.2.1", user="eve"),
        row("192.0.2.1", stem="/eve/"),
        row("192.0.2.1", query="eve"),
        row("192.0.2.1", user="CONTOSO\\eve", clock="11:00:00"),
        row("192.0.2.1", user="steve"),
    ]
    text = "\n".join([IIS, *rows])
    assert lines(read(text, ("address", "203.0.113.9"))) == [2]
    assert lines(read(text, ("account", "eve"))) == [6, 9]


def test_what_a_record_tells(read: Read) -> None:
    (found,) = read("\n".join([IIS, row(user="CONTOSO\\eve", query="a=b")]), ("account", "eve"))
    one = body(found)
    assert (one.kind, one.part, one.method, one.target) == ("iis", "front-end", "GET", "/owa/?a=b")
    assert (one.status, one.account, one.address) == ("200", "CONTOSO\\eve", "203.0.113.9")
    assert (one.agent, one.bytes_out, one.took) == ("curl/7", None, 31)
    assert (found.account, found.address, found.line, found.offset) == (
        *("eve", "203.0.113.9", 2),
        len(IIS) + 1,
    )


def test_a_private_address_counts_with_its_agent_only(read: Read) -> None:
    rows = [row("10.0.0.5"), row("10.0.0.5", agent="curl/8"), row("10.0.0.6"), row("10.0.0.5")]
    text = "\n".join([IIS, *rows])
    assert lines(read(text, ("visitor", "10.0.0.5 curl/7"))) == [2, 5]


def test_an_agent_is_itself_however_a_log_writes_it(read: Read) -> None:
    agent = ("agent", "mozilla/5.0 (windows nt 10.0) (khtml  like gecko)")
    iis = [
        row(agent="Mozilla/5.0+(Windows+NT+10.0)+(KHTML,+like+Gecko)"),
        row(agent="Mozilla/5.0+(Windows+NT+10.0)+(KHTML,+like+Gecko)+Edg/90"),
        row(agent="Mozilla/5.0"),
    ]
    assert lines(read("\n".join([IIS, *iis]), agent)) == [2]
    proxy = "DateTime,RequestId,UserAgent,ClientIpAddress\n"
    for text in ("Mozilla/5.0 (Windows NT 10.0) (KHTML  like Gecko)", "Mozilla/5.0"):
        proxy += f"2021-03-02T10:00:00.000Z,{GUID},{text},192.0.2.1\n"
    assert lines(read(proxy, agent, kind="httpproxy")) == [2]


def test_names_in_any_letters_and_addresses_in_any_form_are_found(read: Read) -> None:
    users = ["CONTOSO\\日本", "josé@contoso.example", "JOSÉ", "max+muster"]
    text = "\n".join([IIS, *(row("2001:DB8:0:0:0:0:0:1", user=user) for user in users)])
    assert lines(read(text, ("account", "日本"))) == [2]
    assert lines(read(text, ("account", "josé"))) == [3, 4]
    assert lines(read(text, ("address", "2001:db8::1"))) == [2, 3, 4, 5]
    assert lines(read(text.encode("cp1252", "replace"), ("account", "josé"))) == [3, 4]


def ecp(command: str, canary: str = CANARY, activity: str = "a-1") -> str:
    data = f"'S:CMD={command}';S:URL=/ecp/x.svc?msExchEcpCanary={canary};S:ACTID={activity}"
    return f'2021-03-02T10:00:00.000Z,EX01,ECP.Request,"{data}"'


def test_what_is_packed_in_a_column_is_a_key_too(read: Read) -> None:
    text = "#Log-type: ECP Server Log\n#Fields: TimeStamp,ServerName,EventId,EventData\n"
    text += "\n".join([ecp("Get-X", "other"), ecp(f"Get-X.Name=''{CANARY}''", "other"), ecp("Y")])
    found = read(text, ("canary", CANARY.lower()), kind="ecp-server")
    assert lines(found) == [5]
    assert found[0].computer == "EX01"
    assert lines(read(text, ("activity", "a-1"), kind="ecp-server")) == [3, 4, 5]


def test_a_quoted_field_may_go_over_lines_and_blocks(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "DateTime,RequestId,AuthenticatedUser,Cmdlet,Parameters,ExecutionResult\n"

    def cmdlet(user: str, parameters: str) -> str:
        return f'2021-03-02T10:00:00.000Z,{GUID},{user},Set-X,"{parameters}",Success\n'

    rows = [cmdlet("bob", "-A 1"), cmdlet("eve", "-A 1\n2\n3"), cmdlet("bob", "x\neve\ny")]
    text = head + "".join(rows * 40)
    whole = read(text, ("account", "eve"), kind="rps-cmdlet")
    assert lines(whole) == [3 + 7 * n for n in range(40)]
    assert body(whole[0]).target == "Set-X -A 1\n2\n3"
    monkeypatch.setattr(blocks, "BLOCK", 333)
    assert read(text, ("account", "eve"), kind="rps-cmdlet") == whole


def test_columns_may_change_and_come_back(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 400)
    other = "#Fields: date time c-ip cs-method sc-status"
    noise = [row("192.0.2.1")] * 30
    rows = [IIS, *noise, row(), other, "2021-03-02 11:00:00 203.0.113.9 GET 404", IIS, row()]
    assert lines(read("\n".join(rows), ("address", "203.0.113.9"))) == [32, 34, 36]


def test_what_is_everybodys_is_not_followed_any_further(read: Read) -> None:
    rows = [row(user=f"user{n % 50}", agent=f"agent{n % 5}") for n in range(3000)]
    rows += [row(agent="curl/7")]
    text = "\n".join([IIS, *rows])
    found = read(text, ("address", "203.0.113.9"), ("visitor", "203.0.113.9 curl/7"))
    assert 12 <= len(found) < 20
    assert found[-1].line == 3002
    assert found[-1].hits == (1,)


def test_followed_rules_are_met_by_all_their_records(read: Read) -> None:
    rows = [
        row("192.0.2.1", stem="/aspnet_client/x.zip"),
        row("192.0.2.1", stem="/owa/"),
        row("192.0.2.2", stem="/aspnet_client/y.zip"),
    ]
    text = "\n".join([IIS, *(one.replace(" 31", " 0") for one in rows)])
    rule = ("rule", "webserver_zip_fetched")
    assert lines(read(text, rule)) == [2, 4]
    assert lines(read(text, ("rule", "no_such_rule"))) == []


def test_static_files_are_followed_by_their_url(read: Read) -> None:
    rows = [
        row(stem="/aspnet_client/A.pst"),
        row(stem="/x/a.pst"),
        row(query="/aspnet_client/a.pst"),
    ]
    assert lines(read("\n".join([IIS, *rows]), ("file", "/aspnet_client/a.pst"))) == [2]


def test_records_in_memory_do_not_grow_with_their_number(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = most = 0
    made = trails.made

    def watch(*rest: Any) -> object:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        return made(*rest)

    def written(self: Spill, found: Found) -> None:
        nonlocal alive
        alive -= 1
        writing(self, found)

    writing = Spill.write
    monkeypatch.setattr(trails, "made", watch)
    monkeypatch.setattr(Spill, "write", written)
    found = read("\n".join([IIS, *[row()] * 20_000]), ("address", "203.0.113.9"))
    assert (len(found), most) == (20_000, 1)


def test_hostile_values_stop_nothing(read: Read) -> None:
    rng = random.Random(7)
    odd = [
        "x" * 5000,
        "(" * 3000,
        "\\E[a",
        "*" * 300,
        "日" * 500,
        "\udc80\udcff",
        "a b",
        "'\"",
        "%00",
    ]
    for value in odd:
        for kind in ("agent", "account", "canary", "address", "process", "file", "page-name"):
            text = "\n".join([IIS, row(), row(agent=value.replace(" ", "+")[:9000])])
            clean = value.encode("utf-8", "replace").decode()[:200]
            read(text, (kind, clean), ("visitor", f"10.0.0.5 {clean}"))
    for _ in range(100):
        junk = rng.randbytes(400)
        data = IIS.encode() + b"\n" + junk + b"\n" + row().encode() + b"\n\0\0" + junk
        assert len(read(data, ("address", "203.0.113.9"))) == 1


def event(number: int, **data: str) -> str:
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
        "EventID": 1,
        "TimeCreated": {"#attributes": {"SystemTime": f"2021-03-02T10:00:{number:02}.000Z"}},
        "EventRecordID": number,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "EX01.contoso.example",
    }
    return json.dumps({"Event": {"System": system, "EventData": data}})


def follow_events(folder: Path, text: str, *suspects: tuple[str, str]) -> tuple[list[Found], float]:
    asked = wanted(folder, *suspects)
    with Spill(str(folder), "0") as spill:
        follower = Follower(hunt(asked, hunting.EVENTS), spill)
        reader = SecondEvents("a.jsonl", follower.hunt, follower)
        reader.read_json(cast("ByteStream", io.BytesIO(text.encode())), lambda _: None)
    return list(found_in(follower.stretch())), reader.shift / timedelta(hours=1)


def test_events_are_found_by_their_keys(tmp_path: Path) -> None:
    texts = [
        event(1, ProcessGuid="{a-1}", ParentProcessGuid="{w}", CommandLine="cmd"),
        event(2, ProcessGuid="{a-2}", ParentProcessGuid="{a-1}", CommandLine="whoami"),
        event(3, ProcessGuid="{a-3}", ParentProcessGuid="{w}", CommandLine="echo {a-1}"),
        event(4, ProcessGuid="{a-4}", ParentProcessGuid="{w}", User="CONTOSO\\Eve"),
    ]
    found, _ = follow_events(tmp_path, "\n".join(texts), ("process", "{a-1}"), ("account", "eve"))
    assert [(one.line, one.hits) for one in found] == [(1, (0,)), (2, (0,)), (4, (1,))]
    assert [one.process for one in found] == ["{a-1}", "{a-2}", "{a-4}"]
    assert body(found[1]).target == "whoami"
    assert body(found[1]).part == "Microsoft-Windows-Sysmon/Operational"


def test_a_wrong_clock_of_an_export_is_told_at_its_end(tmp_path: Path) -> None:
    texts = [event(n, ProcessGuid="{a}", UtcTime=f"2021-03-02 15:00:{n:02}.000") for n in range(9)]
    found, hours = follow_events(tmp_path, "\n".join(texts), ("process", "{a}"))
    assert (len(found), hours) == (9, 5.0)


def test_the_same_event_is_the_same_in_every_export(tmp_path: Path) -> None:
    text = event(1, ProcessGuid="{a}")
    spaced = json.dumps(json.loads(text), indent=1)
    found = [follow_events(tmp_path, one, ("process", "{a}"))[0][0] for one in (text, spaced)]
    assert found[0].digest == found[1].digest
    assert (
        follow_events(tmp_path, event(2, ProcessGuid="{a}"), ("process", "{a}"))[0][0].digest
        != found[0].digest
    )


def test_an_empty_stretch_needs_no_file(tmp_path: Path) -> None:
    assert list(found_in(Stretch(str(tmp_path / "none")))) == []
    with Spill(str(tmp_path), "1"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_ends_the_scan_and_never_the_trail_alone(tmp_path: Path) -> None:
    found = Found("", 0, 1, 0, 1, (0,), "", "", "", "", "", b"body")

    def full() -> None:
        Spill(str(tmp_path / "not-there"), "0-batch-0").write(found)

    with pytest.raises(CaseError, match="run the same command again"):
        pivot._attempt(full)
