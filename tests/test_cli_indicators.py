"""`scan --indicators` and `extriage indicators` as their users meet them."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from extriage.knowledge.indicators import read_indicators
from keyboard import Keyboard

LAB = Path(__file__).parent / "evidence" / "proxylogon-lab-2021"


LOG = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
) + "".join(
    f"2021-03-02 00:00:{second:02} 10.0.0.1 GET {stem} - 443 - {address} Browser/1 - 200 0 0 5\n"
    for second, (stem, address) in enumerate(
        [
            ("/owa/", "203.0.113.7"),
            ("/owa/", "203.0.113.70"),
            ("/owa/auth/logon.aspx", "198.51.100.7"),
            ("/owa/", "203.0.113.7"),
        ]
    )
)


def server(folder: Path) -> Path:
    logs = folder / "EX01" / "C" / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    logs.mkdir(parents=True)
    (logs / "u_ex210302.log").write_text(LOG)
    tools = folder / "EX01" / "C" / "Users" / "Public"
    tools.mkdir(parents=True)
    (tools / "tool.bin").write_bytes(b"a tool of nobody")
    return folder / "EX01"


def listed(*values: str) -> Path:
    file = Path("feed.csv")
    file.write_text("value,confidence\n" + "".join(f"{value}\n" for value in values))
    return file


def case(name: str = "case") -> dict[str, object]:
    document: dict[str, object] = json.loads((Path(name) / "case.json").read_bytes())
    return document


def sightings(name: str = "case") -> list[tuple[str, str, str, int]]:
    hosts = case(name)["hosts"]
    assert isinstance(hosts, list)
    return [
        (one["indicator"]["value"], one["where"], one["level"], one["count"])
        for host in hosts
        for one in host["sightings"]
    ]


def test_a_weak_address_is_sighted_and_is_no_reason_for_exit_1(run: Keyboard) -> None:
    evidence = server(Path())
    plain = run("scan", evidence, "--case", "plain", "-q")
    outcome = run("scan", evidence, "--case", "case", "--indicators", listed("203.0.113.7,low"))
    assert outcome.code == plain.code != 1
    assert "feed.csv: 1 indicator" in outcome.err
    assert sightings() == [("203.0.113.7", "log", "low", 2)]
    assert sightings("plain") == []


def test_a_hash_on_disk_is_a_high_finding(run: Keyboard) -> None:
    digest = hashlib.sha256(b"a tool of nobody").hexdigest()
    feed = listed(f"{digest},", "198.51.100.0/24,", "none.example,")
    outcome = run("scan", server(Path()), "--case", "case", "--indicators", feed)
    assert outcome.code == 1
    assert sightings() == [
        (digest, "file", "high", 1),
        ("198.51.100.0/24", "log", "low", 1),
    ]


def test_what_is_not_understood_is_named(run: Keyboard) -> None:
    feed = Path("feed.csv")
    feed.write_text("type,value\nmutex,x\nip,203.0.113.7\n")
    outcome = run("scan", server(Path()), "--indicators", feed, "--case", "case", "-q")
    assert "1 indicator, 1 not understood, such as line 2: type 'mutex'" in outcome.err


def test_other_indicators_are_another_scan(run: Keyboard) -> None:
    evidence = server(Path())
    run("scan", evidence, "--case", "one", "-q", "--indicators", listed("203.0.113.7,"))
    run("scan", evidence, "--case", "two", "-q", "--indicators", listed("203.0.113.8,"))
    tools = [case(name)["tool"] for name in ("one", "two")]
    assert tools[0] != tools[1]


def test_several_files_are_looked_for_together(run: Keyboard) -> None:
    stix = Path("feed.json")
    pattern = "[ipv4-addr:value = '203.0.113.70']"
    stix.write_text(
        json.dumps(
            {"type": "bundle", "objects": [{"type": "indicator", "id": "i", "pattern": pattern}]}
        )
    )
    feed = listed("203.0.113.7,")
    files = ("--indicators", feed, "--indicators", stix)
    run("scan", server(Path()), "--case", "case", "-q", *files)
    assert {value for value, _, _, _ in sightings()} == {"203.0.113.7", "203.0.113.70"}


def test_a_list_that_is_none_is_exit_2_before_anything_is_read(run: Keyboard) -> None:
    Path("feed.json").write_text("{")
    outcome = run("scan", server(Path()), "--case", "case", "--indicators", "feed.json")
    assert (outcome.code, "feed.json is no JSON" in outcome.err) == (2, True)
    assert run("indicators", "check", "nowhere", "feed.json").code == 2


def test_an_old_case_answers_without_its_evidence(run: Keyboard) -> None:
    run("scan", LAB, "--case", "lab", "-q")
    feed = listed("ohyeah.aspx,high", "203.0.113.250,high")
    outcome = run("indicators", "check", "lab", feed)
    assert outcome.code == 1
    assert "ohyeah.aspx" in outcome.out
    assert "1 of 2 indicators are not in what the case keeps" in outcome.out
    assert "extriage scan PATH --indicators feed.csv" in outcome.out
    document = json.loads(run("indicators", "check", "lab", feed, "--json").out)
    assert document["not_in_what_the_case_keeps"] == 1
    assert {one["indicator"]["value"] for one in document["sightings"]} == {"ohyeah.aspx"}


def test_nothing_sighted_is_0_and_3_if_something_was_not_understood(run: Keyboard) -> None:
    run("scan", LAB, "--case", "lab", "-q")
    assert run("indicators", "check", "lab", listed("203.0.113.250,")).code == 0
    partly = listed("203.0.113.250,", "what is this,")
    outcome = run("indicators", "check", "lab", partly)
    assert (outcome.code, "line 3" in outcome.err) == (3, True)
    hashes = run("indicators", "check", "lab", listed("cd" * 16 + ","))
    assert "SHA-256 only" in hashes.out
    Path("lab/case.db").unlink()
    assert "no trail" in run("indicators", "check", "lab", listed("203.0.113.250,")).out


def test_a_damaged_database_is_one_sentence(run: Keyboard) -> None:
    run("scan", LAB, "--case", "lab", "-q")
    Path("lab/case.db").write_bytes(b"no database at all" * 99)
    outcome = run("indicators", "check", "lab", listed("203.0.113.250,"))
    assert (outcome.code, "case.db cannot be read" in outcome.err) == (2, True)


@pytest.mark.parametrize("form", ["csv", "stix", "misp"])
def test_what_a_case_gives_can_be_looked_for_elsewhere(run: Keyboard, form: str) -> None:
    run("scan", LAB, "--case", "lab", "-q")
    words = ("indicators", "export", "lab", "--format", form, "--tlp", "green")
    outcome = run(*words, "-o", f"out.{form}")
    assert outcome.code == 0
    found = read_indicators(Path(f"out.{form}")).indicators
    assert "url-path" in {one.type for one in found}
    assert {one.tlp for one in found} == {"green"}
    assert "MXS01" not in Path(f"out.{form}").read_text("utf-8")
    again = run(*words, "-o", f"out.{form}")
    assert (again.code, "--force" in again.err) == (2, True)
    assert run(*words).out == Path(f"out.{form}").read_text("utf-8")


def test_what_is_shipped_can_be_listed(run: Keyboard) -> None:
    outcome = run("indicators", "list")
    assert outcome.code == 0
    assert "indicators, as of 20" in outcome.out
    assert "BSD-2-Clause" in outcome.out
    document = json.loads(run("indicators", "list", "--json").out)
    assert len(document["indicators"]) > 400
    assert document["as_of"][:2] == "20"


def test_the_database_of_a_case_has_what_was_sighted(run: Keyboard) -> None:
    feed = listed("203.0.113.7,low")
    run("scan", server(Path()), "--case", "case", "-q", "--indicators", feed)
    with closing(sqlite3.connect("case/case.db")) as connection:
        rows = connection.execute("SELECT type, value, place, count FROM sightings").fetchall()
        proofs = connection.execute("SELECT line FROM sighting_proofs ORDER BY line").fetchall()
    assert rows == [("ipv4", "203.0.113.7", "log", 2)]
    assert proofs == [(3,), (6,)]
