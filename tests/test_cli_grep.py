"""`extriage grep` as a responder types it: output, exit codes, nothing raw on a screen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from extriage.samples import ServerSpec, write_server
from keyboard import Keyboard

EVIDENCE = Path(__file__).parent / "evidence"
LOG = (
    "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) sc-status\n"
    "2021-03-02 04:05:06 203.0.113.7 POST /owa/auth/x.aspx python-requests/2.25 200\n"
    "2021-03-02 04:05:07 203.0.113.8 GET /owa/ =cmd\x1b[31m 302\n"
    "2021-03-03 04:05:08 198.51.100.9 GET /ecp/ Mozilla/5.0+(x) 200\n"
)


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    Path("logs/u_ex210302.log").write_text(LOG)
    return Keyboard(capfd, "grep")


def test_raw_lines_come_with_their_place(run: Keyboard) -> None:
    outcome = run("logs", "url=*.aspx", "method=POST")
    assert outcome.code == 0
    assert outcome.out == f"logs/u_ex210302.log:2:{LOG.splitlines()[1]}\n"
    assert outcome.err == ""


def test_nothing_found_is_one(run: Keyboard) -> None:
    outcome = run("logs", "url=*.ashx")
    assert (outcome.code, outcome.out) == (1, "")


def test_nothing_found_in_what_could_not_be_read_is_three(run: Keyboard) -> None:
    Path("logs/bad.zip").write_bytes(b"PK\x03\x04 broken")
    outcome = run("logs", "url=*.ashx")
    assert outcome.code == 3
    assert "logs/bad.zip" in outcome.err
    assert run("logs", "url=*.aspx").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere", "x"], "there is no nowhere"),
        (["logs", "status>=many"], "compares numbers"),
        (["logs", "kind=iss"], "no kind of evidence"),
        (["logs", "("], "a term is missing"),
        (["logs", ""], "there is no query"),
        (["logs", "x", "--from", "yesterday"], "is no time"),
        (["-e", "x", "logs", "nowhere"], "there is no nowhere"),
    ],
)
def test_a_slip_is_two(run: Keyboard, words: list[str], says: str) -> None:
    outcome = run(*words)
    assert outcome.code == 2
    assert says in outcome.err


def test_times_fields_counts_and_files(run: Keyboard) -> None:
    outcome = run("logs", "method=*", "--from", "2021-03-02T04:05:07", "--to", "2021-03-02",
                  "--fields", "c-ip,status")  # fmt: skip
    assert outcome.out.splitlines()[1:] == ["203.0.113.8  302     logs/u_ex210302.log:3"]
    assert run("logs", "method=GET", "-c").out == "logs/u_ex210302.log:2\n"
    assert run("logs", "method=GET", "-l").out == "logs/u_ex210302.log\n"
    assert len(run("logs", "method=GET", "-m", "1").out.splitlines()) == 1
    assert run("logs", "method=GET", "-q").out == ""


def test_csv_holds_no_formula_and_no_control(run: Keyboard) -> None:
    outcome = run("logs", "status=302", "--format", "csv", "--fields", "agent")
    head, row = outcome.out.splitlines()
    assert head == "path,line,time,kind,host,agent,text"
    assert "'=cmd\\x1b[31m" in row
    assert "\x1b" not in outcome.out


def test_json_lines_hold_all_fields(run: Keyboard) -> None:
    outcome = run("logs", "status=302", "--format", "jsonl")
    row = json.loads(outcome.out)
    assert row["fields"]["cs(User-Agent)"] == "=cmd\x1b[31m"
    assert (row["time"], row["line"], row["kind"]) == ("2021-03-02T04:05:07Z", 3, "iis")
    assert "\x1b" not in outcome.out


def test_a_pipe_gets_the_bytes_of_the_evidence_and_a_screen_does_not(run: Keyboard) -> None:
    import pty

    assert "\x1b[31m" in run("logs", "status=302").out
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "extriage", "grep", "logs", "status=302"]
    process = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    shown = os.read(ours, 10_000)
    os.close(ours)
    assert process.returncode == 0
    assert b"\\x1b[31m" in shown
    assert b"\x1b" not in shown


def test_a_reader_who_has_enough_is_no_error(run: Keyboard) -> None:
    Path("logs/u_ex210303.log").write_text(LOG * 40_000)
    command = [sys.executable, "-m", "extriage", "grep", "logs", "method=*"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_case_is_searched_and_says_what_it_is(run: Keyboard, tmp_path: Path) -> None:
    write_server(tmp_path / "server", ServerSpec(attack="chain", lines=1_000, hours_per_file=24))
    Keyboard(run.capfd)("scan", "server", "--case", "found", "-q", "--no-progress")
    outcome = run("found", "url=*.aspx method=POST")
    assert outcome.code == 0
    assert "a case holds only" in outcome.err
    rows = [row for row in outcome.out.splitlines() if "u_ex" in row]
    assert rows
    assert all("POST" in row and ".aspx" in row for row in rows)
    places = [row.split(":")[:2] for row in rows]
    assert len({tuple(place) for place in places}) == len(rows), "a line stands once"
    assert run("found", "no-such-text-here").code == 1


def test_several_paths_and_a_query_by_option(run: Keyboard) -> None:
    outcome = run("-e", "method=GET", "-e", "status=200", "logs", str(EVIDENCE / "iis"), "-l")
    assert "logs/u_ex210302.log" in outcome.out
