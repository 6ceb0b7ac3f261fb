"""`extriage fingerprint` at the keyboard: who may be asked, what is said, and which exit code."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from loopback import Loopback, page

from extriage.cli import fingerprint as command
from extriage.errors import UsageError
from extriage.knowledge.active import tables_as_of
from extriage.knowledge.builds import build_table, spell
from extriage.model.fingerprint import Fingerprint, Target, Trouble
from extriage.reports.fingerprints import COLUMNS
from extriage.sources.fingerprint import LOGON, MANIFEST, Manners, Proxy
from keyboard import Keyboard

OLD = page(X_OWA_Version="15.1.2375.7", X_FEServer="EX01")
CU_ONLY = page('<link href="/owa/auth/15.2.2562/themes/x.css"><form action="/owa/auth.owa">')
DAY = date(2026, 10, 10)
NEWEST = spell(max(build.number for build in build_table().builds if build.product == "SE"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "today", lambda: DAY)
    monkeypatch.setenv("COLUMNS", "100")
    return Keyboard(capfd, "fingerprint")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Target, Manners]]:
    """Ask nobody, and keep who would have been asked."""
    seen: list[tuple[Target, Manners]] = []

    def nobody(targets: list[Target], manners: Manners) -> Iterator[Fingerprint]:
        for target in targets:
            seen.append((target, manners))
            yield Fingerprint(target, datetime(2026, 1, 1, tzinfo=UTC), trouble=Trouble.REFUSED)

    monkeypatch.setattr(command, "fingerprints", nobody)
    return seen


def host(server: Loopback) -> str:
    return f"127.0.0.1:{server.port}"


def answer(version: str) -> bytes:
    return page(X_OWA_Version=version)


# What is said


def test_an_open_server_is_exit_1_and_its_screen_says_why_and_what_next(run: Keyboard) -> None:
    with Loopback({LOGON: OLD}) as server:
        outcome = run(host(server))
    assert outcome.code == 1
    head, _, block = outcome.out.partition("\n\n")
    assert re.search(
        rf"OPEN +{host(server)} +15\.1\.2375\.7 +2016 CU22 +\d+ open, \d+ exploited", head
    )
    assert "X-OWA-Version 15.1.2375.7 (/owa/auth/logon.aspx)" in block
    assert "EX01, TLS 1.2" in block
    assert "CVE-2022-41040 (ProxyNotShell SSRF)" in " ".join(block.split())
    assert re.search(r"Next +1\. ", block)
    assert outcome.err == ""


def test_the_newest_build_is_exit_0(run: Keyboard) -> None:
    with Loopback({LOGON: answer(NEWEST)}) as server:
        outcome = run(host(server))
    assert outcome.code == 0
    assert "1 server: 1 fixed" in outcome.out
    assert "NOTHING OPEN" in outcome.out


def test_a_cumulative_update_alone_cannot_tell(run: Keyboard) -> None:
    with Loopback({LOGON: CU_ONLY}) as server:
        outcome = run(host(server), "--delay", "0")
    assert outcome.code == 3
    assert re.search(r"CANNOT TELL .* 15\.2\.2562 +SE RTM CU only +\d+ may be open", outcome.out)
    assert "only the cumulative update is known" in outcome.out


def test_one_that_cannot_be_told_is_exit_3_and_loses_to_an_open_one(run: Keyboard) -> None:
    with (
        Loopback() as mute,
        Loopback({LOGON: OLD}) as old,
        Loopback({LOGON: answer(NEWEST)}) as new,
    ):
        first = run(host(mute), host(new), "--delay", "0")
        second = run(host(mute), host(old), host(new), "--delay", "0")
    assert (first.code, second.code) == (3, 1)
    assert "no sign of Exchange: it answered 404, 404, 404" in first.out
    assert "3 servers: 1 open, 1 cannot-tell, 1 fixed" in second.out


def test_a_product_without_support_is_exit_1_however_well_patched(run: Keyboard) -> None:
    with Loopback({LOGON: answer("15.0.1497.48")}) as server:
        outcome = run(host(server))
    assert outcome.code == 1
    assert "UNSUPPORTED" in outcome.out
    assert "published after its last update" in outcome.out


def test_what_is_true_of_all_servers_is_said_once(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "today", lambda: tables_as_of() + timedelta(days=40))
    with Loopback({LOGON: OLD}) as first, Loopback({LOGON: answer(NEWEST)}) as second:
        outcome = run(host(first), host(second), "--delay", "0")
    assert outcome.out.count(f"the tables go to {tables_as_of()}, 40 days before") == 1
    assert outcome.out.index("For all") > outcome.out.rindex("TLS 1.2")


def test_the_json_has_the_evidence_and_the_whole_verdict(run: Keyboard) -> None:
    with Loopback({LOGON: OLD}) as server:
        outcome = run(host(server), "--json")
    document = json.loads(outcome.out)
    assert document["schema"] == "extriage.fingerprint/1"
    assert document["knowledge_as_of"] == tables_as_of().isoformat()
    (found,) = document["hosts"]
    assert (found["host"], found["build"], found["precision"]) == (
        host(server),
        "15.1.2375.7",
        "su",
    )
    assert (found["state"], found["trouble"], found["reason"]) == ("open", None, "")
    assert found["requests"] == [{"path": LOGON, "status": 200, "note": ""}]
    assert found["evidence"] == [
        {"place": "X-OWA-Version", "path": LOGON, "text": "15.1.2375.7", "precision": "su"}
    ]
    states = {row["cve"]: row["state"] for row in found["verdict"]["advisories"]}
    assert states["CVE-2022-41040"] == "open"
    assert found["time"].endswith("Z")


def test_the_csv_has_one_row_for_each_host(run: Keyboard) -> None:
    with Loopback({LOGON: OLD}) as server, Loopback() as mute:
        outcome = run(host(server), host(mute), "--csv", "--delay", "0")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["host"] for row in rows] == [host(server), host(mute)]
    assert (rows[0]["cu"], rows[0]["support"], rows[0]["servers"]) == (
        "CU22",
        "paid-updates-only",
        "EX01",
    )
    assert int(rows[0]["open"]) == len(rows[0]["open_cves"].split())
    assert (rows[1]["state"], rows[1]["open"], rows[1]["trouble"]) == (
        "cannot-tell",
        "",
        "not-exchange",
    )


EVIL = "\x1b]0;owned\x07\x9b31m=HYPERLINK(1)"


def test_what_a_server_says_is_harmless_on_screen_and_in_cells(run: Keyboard) -> None:
    pages = {
        LOGON: page(CU_ONLY.decode(), X_FEServer="=cmd|'/c calc'!A0"),
        MANIFEST: page(status="302 Found", Location=f"https://{EVIL}/"),
    }
    with Loopback(pages) as server:
        outcomes = [
            run(host(server), "--delay", "0", *form) for form in ([], ["--json"], ["--csv"])
        ]
    for outcome in outcomes:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", outcome.out)
    (row,) = csv.DictReader(io.StringIO(outcomes[2].out))
    assert row["servers"].startswith("'=cmd")
    assert json.loads(outcomes[1].out)["hosts"][0]["servers"] == ["=cmd|'/c calc'!A0"]
    with Loopback(other=page(status="302 Found", Location=f"https://{EVIL}/")) as server:
        outcome = run(host(server), "--delay", "0", "--color", "always")
    assert "owned" in outcome.out
    assert not re.search("\x1b(?!\\[[0-9;]*m)|\x07|\x9b", outcome.out)


def test_the_screen_fits_a_narrow_terminal_in_ascii(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with Loopback({LOGON: OLD}) as server:
        outcome = run(host(server), "--ascii")
    assert outcome.out.isascii()
    assert max(map(len, outcome.out.splitlines())) <= 60


# Who is asked


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("mail.example.org", Target("mail.example.org")),
        ("MAIL.Example.ORG.", Target("mail.example.org")),
        ("mail", Target("mail")),
        ("mail.example.org:8443", Target("mail.example.org", 8443)),
        ("192.0.2.7", Target("192.0.2.7")),
        ("192.0.2.7:444", Target("192.0.2.7", 444)),
        ("2001:DB8:0::1", Target("2001:db8::1")),
        ("[2001:db8::1]", Target("2001:db8::1")),
        ("[2001:db8::1]:8443", Target("2001:db8::1", 8443)),
        ("müller.example", Target("xn--mller-kva.example")),
        ("ex_01.corp.example", Target("ex_01.corp.example")),
    ],
)
def test_a_host_is_a_name_or_an_address(text: str, target: Target) -> None:
    assert command.read_target(text) == target


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://mail.example.org/owa/", "a URL"),
        ("mail.example.org/owa/", "a range or a URL"),
        ("192.0.2.0/24", "a range"),
        ("2001:db8::/64", "a range"),
        ("192.0.2.1-20", "a range"),
        ("192.0.2.1-192.0.2.20", "a range"),
        ("*.example.org", "a wildcard"),
        ("192.0.2.*", "a wildcard"),
        ("192.0.2.?", "a wildcard"),
        ("192.0.2.[1-9]", "no host name"),
        ("mail{1,2}.example.org", "no host name"),
        ("192.0.2.1,192.0.2.2", "no host name"),
        ("user@mail.example.org", "no host name"),
        ("mail.example.org:0", "no host name"),
        ("mail.example.org:65536", "no host name"),
        ("mail.example.org:https", "no host name"),
        ("2130706433", "no host name"),
        ("0x7f000001", "no host name"),
        ("127.1", "no host name"),
        ("192.0.2.256", "no host name"),
        ("0.0.0.0", "no host name"),
        ("224.0.0.1", "no host name"),
        ("fe80::1%eth0", "no host name"),
        ("[192.0.2.1]", "no host name"),
        ("mail..example.org", "no host name"),
        ("-mail.example.org", "no host name"),
        ("mail\r\nX: y.example.org", "no host name"),
        ("mail example.org", "no host name"),
        ("a" * 64 + ".example.org", "no host name"),
        ("a." * 130 + "org", "no host name"),
        ("", "no host name"),
        (":443", "no host name"),
    ],
)
def test_ranges_wildcards_and_tricks_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        command.read_target(text)


def test_one_that_is_no_host_stops_all_before_anybody_is_asked(
    run: Keyboard, asked: list[tuple[Target, Manners]]
) -> None:
    outcome = run("mail.example.org", "192.0.2.0/24")
    assert (outcome.code, asked) == (2, [])
    assert "'192.0.2.0/24' is a range" in outcome.err


def test_nobody_named_is_wrong_usage(run: Keyboard) -> None:
    assert run().code == 2


def test_more_than_twenty_need_the_users_word(
    run: Keyboard, asked: list[tuple[Target, Manners]]
) -> None:
    names = [f"mail{number}.example.org" for number in range(21)]
    assert run(*names[:20], names[0]).code == 3
    assert len(asked) == 20
    outcome = run(*names)
    assert (outcome.code, len(asked)) == (2, 20)
    assert "--i-may-ask-these-hosts" in outcome.err
    assert run(*names, "--i-may-ask-these-hosts").code == 3
    assert len(asked) == 41


def test_hosts_can_be_listed_in_a_file(
    run: Keyboard, asked: list[tuple[Target, Manners]], tmp_path: Path
) -> None:
    file = tmp_path / "hosts.txt"
    file.write_bytes(
        b"\xef\xbb\xbf# ours\r\nmail.example.org\r\n\r\n  ex02:8443  # new\r\nmail\r\n"
    )
    assert run("mail", "--from", file).code == 3
    names = [target.spelled for target, _ in asked]
    assert names == ["mail", "mail.example.org", "ex02:8443"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"mail\n10.0.0.0/8\n", "hosts.txt line 2: '10.0.0.0/8' is a range"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"#" * (1 << 20) + b"#", "no list of hosts"),
        (b"# nobody\n", "name at least one host"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_list_is_refused_with_its_place(
    run: Keyboard,
    asked: list[tuple[Target, Manners]],
    tmp_path: Path,
    data: bytes | None,
    said: str,
) -> None:
    file = tmp_path / "hosts.txt"
    if data is not None:
        file.write_bytes(data)
    outcome = run("--from", file)
    assert (outcome.code, asked) == (2, [])
    assert said in outcome.err


# How they are asked


def test_manners_are_gentle_unless_told_otherwise(
    run: Keyboard, asked: list[tuple[Target, Manners]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("mail")
    run("mail", "--delay", "0.5", "--timeout", "3", "--proxy", "http://proxy:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://other:8080")
    run("mail")
    first, second, third = (manners for _, manners in asked)
    assert first == Manners(delay=1.0, timeout=10.0, at_once=4, proxy=None)
    assert (second.delay, second.timeout) == (0.5, 3.0)
    assert second.proxy == Proxy("proxy", 3128)
    assert third.proxy == Proxy("other", 8080)


@pytest.mark.parametrize(
    "words", [["--delay", "-1"], ["--timeout", "0"], ["--proxy", "socks5://p"]]
)
def test_manners_that_cannot_be_are_refused(
    run: Keyboard, asked: list[tuple[Target, Manners]], words: list[str]
) -> None:
    assert (run("mail", *words).code, asked) == (2, [])


def test_an_interrupted_run_shows_what_it_has(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(targets: list[Target], _: Manners) -> Iterator[Fingerprint]:
        yield Fingerprint(targets[0], datetime(2026, 1, 1, tzinfo=UTC), reason="it refuses")
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "fingerprints", stopped)
    outcome = run("mail", "web")
    assert outcome.code == 130
    assert "1 server: 1 cannot-tell" in outcome.out
    assert "interrupted after 1 of 2 hosts" in outcome.err


def test_progress_goes_to_a_terminal_on_stderr_only(
    run: Keyboard, asked: list[tuple[Target, Manners]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    outcome = run("mail")
    assert "hosts asked" not in outcome.out
    assert len(asked) == 1
